import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { HistoryMessage } from '../../contract/message.ts';
import { runCli } from '../helper/cli.ts';
import type { TestServer } from '../helper/server.ts';
import { isIdle, row, said, sessions, startTerminal, startWithTmux } from '../helper/terminal.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const type = (server: TestServer, id: string, message: string) =>
  server.post(`${sessions}/${id}/send`, { message });

verifies(
  'terminal.prompts',
  'has what a terminal asks among the prompts, with a conversation to be led to, and passes the answer on',
  async () => {
    const server = await startWithTmux();
    const { id } = await startTerminal(server, { name: 'asker' });
    await type(server, id, '[[tool:Bash touch from-the-phone]][[text done]]');
    const [prompt] = await server.prompts();
    expect(prompt).toMatchObject({
      kind: 'permission',
      tool: 'Bash',
      input: { command: 'touch from-the-phone' },
      project: server.workspace.project,
    });
    const convId = String(prompt?.conv_id);
    const asking = await server.get(`/api/conversations/${convId}`);
    expect(asking).toMatchObject({
      session_id: id,
      title: 'asker',
      state: 'waiting',
      at_desk: true,
      turn: null,
      prompts: [{ id: prompt?.id }],
    });
    expect(
      (await server.answer(String(prompt?.id), { decision: 'allow', remember: 'conversation' })).status,
    ).toBe(200);
    await until('the answer', async () => (await said(server, id)).includes('"text":"done"'));
    await readFile(join(server.workspace.project, 'from-the-phone'));
    await isIdle(server, id);
    expect(await server.get(`/api/conversations/${convId}`)).toMatchObject({ state: 'idle', prompts: [] });

    // A permanent allowance is not asked for again; the reason of a denial reaches the model.
    await type(server, id, '[[tool:Bash touch from-the-phone]][[text again]]');
    await until('the answer', async () => (await said(server, id)).includes('"text":"again"'));
    await isIdle(server, id);
    await type(server, id, '[[tool:Bash touch never]][[text refused]]');
    const [second] = await server.prompts();
    await server.answer(String(second?.id), { decision: 'deny', message: 'not this one' });
    await until('the end', async () => (await said(server, id)).includes('not this one'));
    await isIdle(server, id);

    await type(server, id, '[[ask Which colour?|Red|Blue]][[text chosen]]');
    const [question] = await server.prompts();
    expect(question).toMatchObject({ kind: 'question' });
    await server.answer(String(question?.id), { decision: 'allow', answers: { 'Which colour?': 'Blue' } });
    await until('the choice', async () =>
      server.api.received.some(({ texts }) => texts.some((text) => /Which colour.*Blue/.test(text))),
    );
  },
);

verifies(
  'terminal.prompts',
  'withdraws a prompt that was answered in the terminal, or whose terminal is gone',
  async () => {
    const server = await startWithTmux();
    const { id } = await startTerminal(server);
    await type(server, id, '[[tool:Bash touch at-the-desk]][[text done]]');
    const [prompt] = await server.prompts();
    const screen = async () => (await (await server.send(`${sessions}/${id}/terminal`)).json()).text;
    // What is typed before the dialog is there keeps it from coming up.
    await until('the dialog', async () => (await screen()).includes('1. Yes'));
    // Keys that come in the first half second of a question are passed over by the CLI.
    await until('the end of it', async () => {
      server.tmux('-L', 'switchboard', 'send-keys', '-t', `=sb-${id}:`, '1');
      return (await server.get('/api/prompts')).prompts.length === 0;
    });
    const late = await server.answer(String(prompt?.id), { decision: 'deny' });
    expect([late.status, (await late.json()).code]).toEqual([410, 'prompt_withdrawn']);
    await until('the file', () =>
      readFile(join(server.workspace.project, 'at-the-desk'))
        .then(() => true)
        .catch(() => false),
    );
    await isIdle(server, id);
    // Keys that came too late for the question.
    server.tmux('-L', 'switchboard', 'send-keys', '-t', `=sb-${id}:`, 'C-u');
    await type(server, id, '[[tool:Bash touch never]][[text done]]');
    await server.prompts();
    await server.remove(`${sessions}/${id}`);
    await until('no prompt', async () => (await server.get('/api/prompts')).prompts.length === 0);

    const outside = await server.send('/api/hooks/terminal', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer swt_none_x' },
      body: JSON.stringify({ hook_event_name: 'PermissionRequest' }),
    });
    expect([outside.status, (await outside.json()).code]).toEqual([401, 'wrong_credentials']);
  },
);

verifies(
  'terminal.prompts',
  'knows which of several open questions was answered in the terminal',
  async () => {
    const server = await startWithTmux();
    const { id } = await startTerminal(server);
    await type(server, id, '[[tool:Bash touch one]]&[[tool:Bash touch two]][[text done]]');
    const screen = async () => (await (await server.send(`${sessions}/${id}/terminal`)).json()).text;
    await until('the dialog', async () => (await screen()).includes('1. Yes'));
    await until('the first', async () => {
      server.tmux('-L', 'switchboard', 'send-keys', '-t', `=sb-${id}:`, '1');
      return readFile(join(server.workspace.project, 'one')).then(
        () => true,
        () => false,
      );
    });
    await until('its prompt to be closed, and no other', async () => {
      const { prompts } = (await server.get('/api/prompts')) as { prompts: { input: { command: string } }[] };
      return prompts.every(({ input }) => input.command === 'touch two') &&
        (await row(server, id)).state === 'waiting'
        ? prompts.length === 1
        : false;
    });
  },
);

const texts = async (server: TestServer, convId: string, role = 'user') =>
  ((await server.messages(convId)).messages as HistoryMessage[])
    .filter((message) => message.role === role)
    .map(({ text }) => text);

verifies(
  'terminal.messages',
  'queues messages for a session in a terminal until it is back, or types them in if that was chosen',
  async () => {
    const server = await startWithTmux();
    const { session_id: id } = await server.chat({ conv_id: 'a', message: 'first' });
    expect((await server.post('/api/conversations/a/attach', {})).status).toBe(201);
    expect(await server.get('/api/conversations/a')).toMatchObject({
      in_terminal: true,
      terminal_messages: 'wait',
      at_desk: true,
      desk_messages: 'wait',
    });
    const kept = await server.accept('a', { message: 'kept until it is back' });
    expect(kept.state).toBe('queued');
    await type(server, id, 'at the desk');
    await until('the answer', async () => (await said(server, id)).includes('Echo: at the desk'));
    await isIdle(server, id);
    expect((await server.turn(kept.turn_id, 0)).state).toBe('queued');
    // Left with /exit, which is not reported to the server.
    await type(server, id, '/exit');
    expect((await server.end(kept.turn_id)).state).toBe('completed');
    expect(await server.get('/api/conversations/a')).toMatchObject({ at_desk: false });

    const cli = (...args: string[]) => runCli(server.workspace, args);
    expect((await cli('attach', 'a', '--messages', 'terminal')).out).toContain('tmux -L switchboard attach');
    expect(await server.get('/api/conversations/a')).toMatchObject({
      at_desk: true,
      desk_messages: 'terminal',
    });
    const typed = await server.chat({ conv_id: 'a', message: 'typed\nin for me' });
    expect(typed).toMatchObject({ response: 'Echo: typed\nin for me', session_id: id, success: true });
    expect((await row(server, id)).terminal).not.toBeNull();
    const asking = await server.accept('a', { message: '[[tool:Bash touch asked]][[text done so]]' });
    const [prompt] = await server.prompts();
    expect(prompt).toMatchObject({ turn_id: asking.turn_id, conv_id: 'a' });
    expect((await server.turn(asking.turn_id, 0)).state).toBe('waiting');
    await server.answer(String(prompt?.id), { decision: 'allow' });
    expect(await server.end(asking.turn_id)).toMatchObject({ state: 'completed', text: 'done so' });
    // A person has started to type there, and that text stays intact. Of a paste end only the control
    // character goes.
    const pane = `=sb-${id}:`;
    server.tmux('-L', 'switchboard', 'send-keys', '-t', pane, '-l', 'half a thought');
    const behind = await server.accept('a', { message: 'behind it \x1b[201~with no keys' });
    await until('it waits', async () => (await server.turn(behind.turn_id, 0)).state === 'running');
    server.tmux('-L', 'switchboard', 'send-keys', '-t', pane, '-l', ', whole');
    server.tmux('-L', 'switchboard', 'send-keys', '-t', pane, 'Enter');
    expect(await server.end(behind.turn_id)).toMatchObject({
      state: 'completed',
      text: 'Echo: behind it [201~with no keys',
    });
    const slow = await server.accept('a', { message: '[[slow 200 100ms]]' });
    await until('its words', async () =>
      (await (await server.send(`${sessions}/${id}/terminal`)).json()).text.includes('word5'),
    );
    await server.cancel(slow.turn_id);
    expect((await server.end(slow.turn_id)).state).toBe('cancelled');
    await isIdle(server, id);
    expect(await texts(server, 'a')).toEqual([
      'first',
      'at the desk',
      'kept until it is back',
      'typed\nin for me',
      '[[tool:Bash touch asked]][[text done so]]',
      'half a thought, whole',
      'behind it [201~with no keys',
      '[[slow 200 100ms]]',
    ]);
    expect((await cli('detach', 'a')).out).toBe('a\n');
    expect((await cli('detach', 'a')).code).toBe(1);
    expect((await cli('repair', 'a')).words).toContain('Nothing is wrong with it');
    expect((await cli('rename', 'a', 'a new title')).code).toBe(0);
    expect((await cli('show', 'a')).code).toBe(0);
  },
);

verifies(
  'terminal.open',
  'ends many terminals by how long nothing was done in them, and takes arguments for claude',
  async () => {
    const server = await startWithTmux();
    const cli = (...args: string[]) => runCli(server.workspace, args);
    const idle = (
      await cli('spawn', '-q', '--name', 'idle', '--arg=--append-system-prompt', '--arg=You are kind.')
    ).out.trim();
    const busy = (await cli('spawn', '-q')).out.trim();
    await type(server, busy, '[[slow 300 100ms]]');
    await until('its work', async () => (await row(server, busy)).state === 'running');
    for (const wrong of [['kill'], ['kill', busy, '--all'], ['kill', '--older-than', 'soon']])
      expect((await cli(...wrong)).code).toBe(2);
    expect((await cli('kill', '--older-than', '1h')).out).toBe('');
    expect((await cli('kill', '--all')).out).toBe(`${idle}\n`);
    expect((await row(server, busy)).state).toBe('running');
    expect((await cli('kill', '--all', '--busy')).out).toBe(`${busy}\n`);
    expect(JSON.stringify(server.api.received.at(-1)?.body)).not.toContain('You are kind.');
    const refused = await server.post(sessions, {
      project: server.workspace.project,
      args: ['--settings', '{}'],
    });
    expect([refused.status, (await refused.json()).field]).toEqual([400, 'args']);
    const told = await startTerminal(server, { args: ['--append-system-prompt', 'You are kind.'] });
    await type(server, told.id, 'hello');
    await until('it', async () =>
      JSON.stringify(server.api.received.find(({ texts }) => texts.includes('hello'))?.body ?? '').includes(
        'You are kind.',
      ),
    );
  },
);

verifies(
  'terminal.handover',
  'loses nothing over twenty hand-overs with a message in each',
  async () => {
    const server = await startWithTmux();
    const { session_id: id } = await server.chat({ conv_id: 'a', message: 'message 0' });
    for (let round = 1; round <= 20; round += 1) {
      if (round % 2) {
        expect([round, (await server.post('/api/conversations/a/attach', {})).status]).toEqual([round, 201]);
        await type(server, id, `message ${round}`);
        await until('the answer', async () => (await said(server, id)).includes(`Echo: message ${round}`));
        await isIdle(server, id);
      } else {
        expect([round, (await server.post('/api/conversations/a/detach', {})).status]).toEqual([round, 200]);
        expect(await server.chat({ conv_id: 'a', message: `message ${round}` })).toMatchObject({
          response: `Echo: message ${round}`,
          session_id: id,
        });
      }
    }
    const all = Array.from({ length: 21 }, (_, round) => `message ${round}`);
    expect(await texts(server, 'a')).toEqual(all);
    expect(await texts(server, 'a', 'assistant')).toEqual(all.map((message) => `Echo: ${message}`));
    // What the model was given last has all of it: no branch was left behind.
    const last = JSON.stringify(
      server.api.received.find(({ texts: [text] }) => text === 'message 20')?.body.messages,
    );
    for (const message of all) expect(last).toContain(message);
  },
  180_000,
);

verifies(
  'terminal.handover',
  'returns a conversation whose terminal is killed while it opens, idles, works, and waits',
  async () => {
    const server = await startWithTmux();
    const { session_id: id } = await server.chat({ conv_id: 'a', message: 'first' });
    const kill = () => server.tmux('-L', 'switchboard', 'kill-session', '-t', `=sb-${id}`);
    const attach = () => server.post('/api/conversations/a/attach', {});

    const opening = attach();
    await until('its pane', async () => kill().status === 0);
    expect([502, 201]).toContain((await opening).status);
    const stages: [string, () => Promise<unknown>][] = [
      ['rests', async () => {}],
      [
        'works',
        async () => {
          await type(server, id, '[[slow 100 100ms]]');
          await until('its work', async () => (await row(server, id)).state === 'running');
          // The CLI reports that it is busy before it writes the message: if it is killed in between, the
          // text is lost.
          await until('its words', async () => (await texts(server, 'a')).includes('[[slow 100 100ms]]'));
        },
      ],
      [
        'waits',
        async () => {
          await type(server, id, '[[tool:Bash touch never]][[text done]]');
          await server.prompts();
        },
      ],
    ];
    for (const [stage, reach] of stages) {
      expect([stage, (await attach()).status]).toEqual([stage, 201]);
      await reach();
      const kept = await server.accept('a', { message: `after it ${stage}` });
      kill();
      expect([stage, (await server.end(kept.turn_id)).state]).toEqual([stage, 'completed']);
      expect((await server.get('/api/prompts')).prompts).toEqual([]);
    }
    const found = await texts(server, 'a');
    for (const text of ['first', 'after it rests', '[[slow 100 100ms]]', 'after it works', 'after it waits'])
      expect(found).toContain(text);
  },
);
