import { existsSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readUntil } from '../helper/event-reader.ts';
import { startTestServer, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const asking = { permission_mode: 'default' };
const made = (server: TestServer, name: string) => existsSync(join(server.workspace.project, name));
const lastOutput = async (server: TestServer, id: string) => {
  const { messages } = await server.messages(id);
  // biome-ignore lint/suspicious/noExplicitAny: parts of every kind
  return messages.flatMap((message: any) => message.parts).findLast((part: any) => part.type === 'tool');
};

verifies(
  'prompt.answer',
  'allows, allows with a changed input, and denies with a reason, while a caller waits',
  async () => {
    const server = await startTestServer();
    const chat = server.chat({ message: '[[tool:Bash touch x1]][[text done]]', conv_id: 'a', ...asking });
    const [prompt] = await server.prompts();
    expect(prompt).toMatchObject({
      kind: 'permission',
      conv_id: 'a',
      tool: 'Bash',
      input: { command: 'touch x1' },
      risks: [],
    });
    expect(await server.get('/api/conversations/a')).toMatchObject({
      state: 'waiting',
      turn: { state: 'waiting' },
      prompts: [{ id: prompt?.id }],
    });
    const answered = await server.answer(prompt?.id as string, { decision: 'allow' });
    expect(await answered.json()).toMatchObject({ outcome: 'allowed', turn_id: prompt?.turn_id, rule: null });
    expect((await chat).response).toBe('done');
    expect(made(server, 'x1')).toBe(true);

    const second = await server.accept('a', { message: '[[tool:Bash touch x2]][[text done]]', ...asking });
    // A script that waits for the turn is notified immediately.
    const waiting = await server.turn(second.turn_id);
    expect(waiting).toMatchObject({ state: 'waiting', prompts: [{ input: { command: 'touch x2' } }] });
    await server.answer(waiting.prompts[0]?.id as string, {
      decision: 'allow',
      updated_input: { command: 'touch changed' },
    });
    expect((await server.end(second.turn_id)).state).toBe('completed');
    expect([made(server, 'x2'), made(server, 'changed')]).toEqual([false, true]);

    const third = await server.accept('a', {
      message: '[[tool:Bash touch x3]][[text understood]]',
      ...asking,
    });
    const [refused] = await server.prompts();
    await server.answer(refused?.id as string, { decision: 'deny', message: 'Not on a Friday.' });
    expect((await server.end(third.turn_id)).result).toMatchObject({
      response: 'understood',
      permission_denials: [{ tool_name: 'Bash' }],
    });
    expect(await lastOutput(server, 'a')).toMatchObject({ output: 'Not on a Friday.', is_error: true });
  },
);

verifies(
  'prompt.places',
  'allows nothing if a link was changed after the prompt was shown, and shows it again',
  async () => {
    const server = await startTestServer();
    const { project, root } = server.workspace;
    const [outside, link] = [join(root, 'outside'), join(project, 'link')];
    await mkdir(outside);
    await mkdir(join(project, 'inside'));
    await writeFile(join(project, 'c'), 'words');
    await symlink('inside', link);
    const changeLink = async (target: string) => {
      await rm(link);
      await symlink(target, link);
    };
    const ask = async (message: string) => {
      const { turn_id } = await server.accept('a', { message, ...asking });
      const [prompt] = await server.prompts();
      return { turn_id, id: prompt?.id as string, prompt };
    };
    const allow = async (id: string) => (await server.answer(id, { decision: 'allow' })).json();
    const elsewhere = { risks: [expect.stringContaining('outside')] };
    for (const [message, file] of [
      [`[[tool:Write ${join(link, 'w')} words]][[text done]]`, 'w'],
      ['[[tool:Bash touch link/b]][[text done]]', 'b'],
      ['[[tool:Bash cp c lin*]][[text done]]', 'c'],
    ] as const) {
      await changeLink('inside');
      const { turn_id, id, prompt } = await ask(message);
      expect(prompt, message).toMatchObject({ risks: [] });
      await changeLink(outside);
      expect(await allow(id), message).toMatchObject({ status: 409, code: 'prompt_changed', turn_id });
      expect(await server.prompts(), message).toMatchObject([{ id, ...elsewhere }]);
      expect(await server.get('/api/conversations/a')).toMatchObject({
        state: 'waiting',
        prompts: [{ id, ...elsewhere }],
      });
      expect(existsSync(join(outside, file)), message).toBe(false);
      // The person may allow what is shown now.
      expect(await allow(id), message).toMatchObject({ outcome: 'allowed' });
      expect((await server.end(turn_id)).state).toBe('completed');
      expect(existsSync(join(outside, file)), message).toBe(true);
    }
    // A denial is always accepted.
    await changeLink('inside');
    const { id, turn_id } = await ask('[[tool:Bash touch link/d]][[text done]]');
    await changeLink(outside);
    expect((await server.answer(id, { decision: 'deny' })).status).toBe(200);
    await server.end(turn_id);
  },
);

verifies(
  'prompt.places',
  'a rule that is made for one prompt allows no other prompt whose link was changed meanwhile',
  async () => {
    const server = await startTestServer();
    const { project, root } = server.workspace;
    const [outside, link] = [join(root, 'outside'), join(project, 'link')];
    await mkdir(outside);
    await mkdir(join(project, 'inside'));
    await symlink('inside', link);
    const write = (path: string) => `[[tool:Write ${path} words]][[text done]]`;
    const first = await server.accept('a', { message: write(join(project, 'inside', 'x')), ...asking });
    const second = await server.accept('b', { message: write(join(link, 'y')), ...asking });
    await until('both prompts', async () => (await server.prompts()).length === 2);
    await rm(link);
    await symlink(outside, link);
    const own = (await server.prompts()).find(({ turn_id }) => turn_id === first.turn_id);
    const remember = { for: 'always', folder: join(project, 'inside') };
    expect((await server.answer(own?.id as string, { decision: 'allow', remember })).status).toBe(200);
    await server.end(first.turn_id);
    expect(await server.prompts()).toMatchObject([
      { turn_id: second.turn_id, risks: [expect.stringContaining('outside')] },
    ]);
    expect(existsSync(join(outside, 'y'))).toBe(false);
    await server.post(`/api/turns/${second.turn_id}/cancel`, {});
  },
);

verifies('prompt.answer', 'denies and stops', async () => {
  const server = await startTestServer();
  const { turn_id } = await server.accept('a', {
    message: '[[text first]][[tool:Bash touch x1]][[text never]]',
    ...asking,
  });
  const [prompt] = await server.prompts();
  await server.answer(prompt?.id as string, { decision: 'deny', interrupt: true });
  expect(await server.end(turn_id)).toMatchObject({ state: 'cancelled', text: 'first' });
  expect((await server.chat({ message: 'next', conv_id: 'a' })).response).toBe('Echo: next');
});

verifies(
  'prompt.several',
  'shows the prompts of two conversations, of parallel tools and of a sub-agent',
  async () => {
    const server = await startTestServer();
    const a = await server.accept('a', {
      message: '[[tool:Bash touch a1]]&[[tool:Bash touch a2]][[text both]]',
      ...asking,
    });
    const b = await server.accept('b', {
      message: '[[agent general-purpose {{tool:Bash touch b1}}{{text report}}]][[text launched]]',
      ...asking,
    });
    const answered: string[] = [];
    // The CLI asks for parallel tools one after the other.
    for (let i = 0; i < 3; i += 1) {
      const open = await until('a prompt', async () =>
        (await server.prompts()).filter(({ id }) => !answered.includes(id)),
      );
      if (i === 0)
        await until(
          'prompts of both',
          async () => new Set((await server.prompts()).map(({ conv_id }) => conv_id)).size === 2,
        );
      const [prompt] = open;
      if (prompt?.conv_id === 'b') expect(prompt.parent_tool_id).toMatch(/^toolu_/);
      answered.push(prompt?.id as string);
      await server.answer(prompt?.id as string, { decision: 'allow' });
    }
    const ends = await Promise.all([a, b].map(({ turn_id }) => server.end(turn_id)));
    expect(ends.map(({ state }) => state)).toEqual(['completed', 'completed']);
    expect(ends[1]?.result?.response).toBe('Noticed: Agent "a sub-agent" finished');
    expect(['a1', 'a2', 'b1'].map((name) => made(server, name))).toEqual([true, true, true]);
  },
);

verifies(
  'prompt.question',
  'accepts one answer, several, and free text, in every mode that asks',
  async () => {
    const server = await startTestServer({ env: { IS_SANDBOX: '1' } });
    const cases = [
      {
        mode: 'default',
        ask: '[[ask Which colour?|Red|Blue]]',
        answers: { 'Which colour?': 'Blue' },
        said: '"Which colour?"="Blue"',
      },
      {
        mode: 'plan',
        ask: '[[asks Which sizes?|S|M|L]]',
        answers: { 'Which sizes?': ['S', 'L'] },
        said: '"Which sizes?"="S, L"',
      },
      {
        mode: 'auto',
        ask: '[[ask Which colour?|Red|Blue]]',
        answers: { 'Which colour?': 'rather green' },
        said: '"Which colour?"="rather green"',
      },
      {
        mode: 'acceptEdits',
        ask: '[[ask Which colour?|Red|Blue]]',
        answers: { 'Which colour?': 'Red' },
        said: '="Red"',
      },
      {
        mode: 'manual',
        ask: `[[tool:AskUserQuestion {"questions":[{"question":"One?","header":"1","options":[{"label":"A","description":"a"},{"label":"B","description":"b"}],"multiSelect":false},{"question":"Two?","header":"2","options":[{"label":"C","description":"c"},{"label":"D","description":"d"}],"multiSelect":true}]}]]`,
        answers: { 'One?': 'B', 'Two?': ['C', 'D'] },
        said: '"Two?"="C, D"',
      },
      {
        mode: 'bypassPermissions',
        ask: '[[ask Which colour?|Red|Blue]]',
        answers: { 'Which colour?': 'Red' },
        said: '="Red"',
      },
    ];
    for (const { mode, ask, answers, said } of cases) {
      await server.post('/api/conversations', { id: mode, permission_mode: mode });
      await server.post(`/api/conversations/${mode}/warm`, {});
      const { turn_id } = await server.accept(mode, { message: `${ask}[[text thanks]]` });
      const [prompt] = await server.prompts();
      const id = prompt?.id as string;
      expect(prompt, mode).toMatchObject({ kind: 'question', tool: 'AskUserQuestion' });
      expect((await server.answer(id, { decision: 'allow' })).status).toBe(400);
      expect((await server.answer(id, { decision: 'allow', answers: { 'Which?': 'x' } })).status).toBe(400);
      await server.answer(id, { decision: 'allow', answers });
      expect((await server.end(turn_id)).result?.response, mode).toBe('thanks');
      expect((await lastOutput(server, mode)).output, mode).toContain(said);
    }
  },
  90_000,
);

verifies(
  'prompt.plan',
  'sends a plan back with a reason, and accepts it with the mode in which to continue',
  async () => {
    const server = await startTestServer();
    await server.post('/api/conversations', { id: 'a', permission_mode: 'plan' });
    const first = await server.accept('a', { message: '[[plan Step one.]][[text revised]]' });
    const [prompt] = await server.prompts();
    expect(prompt).toMatchObject({ kind: 'plan', input: { plan: 'Step one.' } });
    await server.answer(prompt?.id as string, { decision: 'deny', message: 'Smaller steps, please.' });
    expect((await server.end(first.turn_id)).result?.response).toBe('revised');
    expect((await lastOutput(server, 'a')).output).toContain('Smaller steps, please.');
    expect((await server.get('/api/conversations/a')).permission_mode).toBe('plan');

    const second = await server.accept('a', {
      message: '[[plan Step two.]][[tool:Write made.txt words]][[text built]]',
    });
    const [again] = await server.prompts();
    await server.answer(again?.id as string, { decision: 'allow', permission_mode: 'acceptEdits' });
    expect((await server.end(second.turn_id)).result?.response).toBe('built');
    expect(made(server, 'made.txt')).toBe(true);
    expect((await server.get('/api/conversations/a')).permission_mode).toBe('acceptEdits');
  },
);

verifies(
  'prompt.waits',
  'is answered after its reader left and came back, while the time limit of the turn is paused',
  async () => {
    const server = await startTestServer();
    // Long enough for a busy machine to start the CLI.
    const limitS = 8;
    const hangUp = new AbortController();
    const stream = await server.post(
      '/api/chat',
      {
        message: '[[tool:Bash touch x1]][[text done]]',
        conv_id: 'a',
        stream: true,
        timeout_s: limitS,
        ...asking,
      },
      {},
      hangUp.signal,
    );
    const events = await readUntil(stream, (event) => event.type === 'prompt.opened');
    hangUp.abort();
    const opened = events.at(-1) as { id: number; turn_id: string };
    await new Promise((resolve) => setTimeout(resolve, limitS * 1000 + 500));
    const [prompt] = await server.prompts();
    await server.answer(prompt?.id as string, { decision: 'allow' });
    expect((await server.end(opened.turn_id)).result?.response).toBe('done');
    const rest = await readUntil(
      await server.send(`/api/conversations/a/events?after=${opened.id}`),
      (event) => event.type === 'turn.completed',
    );
    expect(rest.find((event) => event.type === 'prompt.closed')).toMatchObject({
      outcome: 'allowed',
      prompt_id: prompt?.id,
    });
  },
);

verifies(
  'prompt.waits',
  'reports after PROMPT_TIMEOUT_S that no one responded, and closes the prompt',
  async () => {
    const server = await startTestServer({ env: { PROMPT_TIMEOUT_S: '0.5' } });
    const answer = await server.chat({
      message: '[[tool:Bash touch x1]][[text fine]]',
      conv_id: 'a',
      ...asking,
    });
    expect(answer.response).toBe('fine');
    expect((await lastOutput(server, 'a')).output).toContain('This is not a refusal');
    const { entries } = await server.get('/api/audit');
    expect(entries[0]).toMatchObject({ action: 'prompt.timed_out', actor: 'switchboard' });
    expect((await server.answer(entries[0].prompt_id, { decision: 'allow' })).status).toBe(410);
  },
);

verifies(
  'prompt.once',
  'accepts the same answer again, refuses another, and closes with its turn',
  async () => {
    const server = await startTestServer();
    const { turn_id } = await server.accept('a', {
      message: '[[tool:Bash touch x1]][[tool:Bash touch x2]][[text done]]',
      ...asking,
    });
    const [prompt] = await server.prompts();
    const id = prompt?.id as string;
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => server.answer(id, { decision: 'allow' })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await server.answer(id, { decision: 'deny' })).status).toBe(409);
    expect((await server.answer('nothing', { decision: 'deny' })).status).toBe(404);
    const [second] = await until('the second', async () => {
      const open = await server.prompts();
      return open[0]?.id !== id && open;
    });
    await server.cancel(turn_id);
    const late = await server.answer(second?.id as string, { decision: 'allow' });
    expect([late.status, (await late.json()).code]).toEqual([410, 'prompt_withdrawn']);
    expect(await server.get('/api/prompts')).toEqual({ prompts: [] });
  },
);

verifies('prompt.restart', 'is closed when the server shuts down cleanly, and the turn says so', async () => {
  const server = await startTestServer();
  const { turn_id } = await server.accept('a', {
    message: '[[text Before.]][[tool:Bash touch x]][[text never]]',
    ...asking,
  });
  await server.prompts();
  const again = await server.restart();
  const turn = await again.turn(turn_id);
  expect(turn).toMatchObject({ state: 'interrupted', text: 'Before.' });
  expect(turn.error?.detail).toContain('permission (Bash)');
  const { entries } = await again.get('/api/audit');
  expect(entries[0]).toMatchObject({ action: 'prompt.restarted' });
});
