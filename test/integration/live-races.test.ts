import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openBare } from '../helper/plain-claude.ts';
import { startClaudeServer, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { killProcessesOf, processesOf } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const asking = { permission_mode: 'default' };
const warm = (server: TestServer, id: string) => server.post(`/api/conversations/${id}/warm`, {});
const openCount = async (server: TestServer) => (await server.get('/api/status')).live.open;
const made = (server: TestServer, name: string) => existsSync(join(server.workspace.project, name));
const shell =
  '[[tool:Bash {"command":"node -e \\"setTimeout(Number, 300000)\\"","run_in_background":true,"description":"wait"}]][[text Started]]';

verifies(
  'live.kept',
  'starts one process however many warm a conversation at once, and send to it',
  async () => {
    const server = await startClaudeServer();
    await server.post('/api/conversations', { id: 'a' });
    const [answer] = await Promise.all([
      server.chat({ message: 'one', conv_id: 'a' }),
      ...Array.from({ length: 4 }, () => warm(server, 'a')),
    ]);
    expect(answer.response).toBe('Echo: one');
    await warm(server, 'a');
    expect(await openCount(server)).toBe(1);
    expect(await processesOf(server.workspace)).toHaveLength(1);
  },
);

verifies('live.idle', 'accepts a message at the moment when its process is closed', async () => {
  const server = await startClaudeServer({ env: { LIVE_IDLE_S: '1' } });
  await server.post('/api/conversations', { id: 'a' });
  for (let i = 0; i < 6; i += 1) {
    await warm(server, 'a');
    await new Promise((resolve) => setTimeout(resolve, 985 + i * 6));
    expect(await server.chat({ message: `message ${i}`, conv_id: 'a' })).toMatchObject({
      response: `Echo: message ${i}`,
    });
  }
});

verifies(
  'live.settings',
  'changes what was named alone, and nothing that a turn was asked to run with',
  async () => {
    const server = await startClaudeServer();
    const first = await server.chat({ message: 'one', conv_id: 'a' });
    await server.post('/api/conversations', { id: 'b', session_id: first.session_id });
    const { turn_id } = await server.accept('b', {
      message: '[[slow 30 30ms]][[tool:Write made.txt words]][[text done]]',
      ...asking,
    });
    await until('words', async () => (await server.turn(turn_id, 0)).text.includes('word2'));
    await server.patch('/api/conversations/b', { effort: 'low', permission_mode: 'acceptEdits' });
    await server.patch('/api/conversations/a', { permission_mode: 'acceptEdits' });
    expect((await server.turn(turn_id)).state).toBe('waiting');
    expect(made(server, 'made.txt')).toBe(false);
    // Nor does what is done to another conversation of the session end it.
    await server.post('/api/reset?conv_id=a', {});
    await server.remove('/api/conversations/a');
    const [prompt] = await server.prompts();
    await server.answer(prompt?.id as string, { decision: 'allow' });
    expect((await server.end(turn_id)).state).toBe('completed');
  },
);

verifies('queue.steer', 'does not give a message to a turn that runs with other settings', async () => {
  const server = await startClaudeServer({ env: { ALLOWED_TOOLS: 'Bash(node *)' } });
  await server.post('/api/conversations', { id: 'a' });
  await warm(server, 'a');
  const main = await server.accept('a', {
    message: '[[tool:Bash node -e "setTimeout(Number, 1000)"]][[text final]]',
  });
  await until('the tool', async () => (await server.get('/api/conversations/a')).turn?.tools.length === 1);
  const steered = await server.accept('a', {
    message: '[[tool:Write made.txt x]][[text planned]]',
    steer: true,
    permission_mode: 'plan',
  });
  expect((await server.end(main.turn_id)).result?.response).toBe('final');
  await until('its end or prompt', async () =>
    ['completed', 'waiting'].includes((await server.turn(steered.turn_id, 1)).state),
  );
  expect(made(server, 'made.txt')).toBe(false);
  expect((await server.turn(steered.turn_id, 0)).steers).toBeNull();
});

verifies('queue.steer', 'never merges two messages into one turn', async () => {
  const server = await startClaudeServer();
  await server.post('/api/conversations', { id: 'a' });
  await warm(server, 'a');
  const main = await server.accept('a', { message: '[[slow 20 30ms]]' });
  await until('words', async () => (await server.turn(main.turn_id, 0)).text.includes('word2'));
  const sent = [];
  for (const message of ['steer one', 'steer two', 'steer three'])
    sent.push(await server.accept('a', { message, steer: true }));
  const ends = await Promise.all(sent.map(({ turn_id }) => server.end(turn_id)));
  expect(ends.map(({ result }) => result?.response)).toEqual([
    'Echo: steer one',
    'Echo: steer two',
    'Echo: steer three',
  ]);
});

verifies('prompt.several', 'lets other conversations run while turns wait for a person', async () => {
  const server = await startClaudeServer({ env: { MAX_CONCURRENT_TURNS: '1' } });
  const waiting = await server.accept('a', { message: '[[tool:Bash touch x]][[text done]]', ...asking });
  await server.prompts();
  expect((await server.chat({ message: 'hello', conv_id: 'b' })).response).toBe('Echo: hello');
  await server.cancel(waiting.turn_id);
});

verifies(
  'live.dead',
  'ends the tools of a process that is killed, and counts what each turn cost',
  async () => {
    const server = await startClaudeServer({ env: { ALLOWED_TOOLS: 'Bash(node *)' } });
    await server.post('/api/conversations', { id: 'a' });
    for (let i = 1; i <= 2; i += 1) {
      await warm(server, 'a');
      await server.chat({ message: '[[usage 20000 2000]][[text dear]]', conv_id: 'a' });
      expect((await server.get('/api/conversations/a')).cost_usd).toBeCloseTo(0.12 * i, 5);
      await killProcessesOf(server.workspace);
      await until('no process', async () => (await processesOf(server.workspace)).length === 0);
    }
    // It may be a one-shot run now, which reports its tools only to a reader that follows it.
    const { turn_id } = await server.accept('a', {
      message: '[[tool:Bash node -e "setTimeout(Number, 300000)"]][[text never]]',
      follow: true,
    });
    await until('the tool', async () => (await server.get('/api/conversations/a')).turn?.tools.length === 1);
    await until('its process', async () => (await processesOf(server.workspace)).length > 1);
    process.kill(Math.min(...(await processesOf(server.workspace))), 'SIGKILL');
    expect((await server.end(turn_id)).state).toBe('failed');
    await until('no process', async () => (await processesOf(server.workspace)).length === 0);
  },
);

for (const [what, forget] of [
  ['reset', (server: TestServer) => server.post('/api/reset?conv_id=a', {})],
  ['deleted', (server: TestServer) => server.remove('/api/conversations/a')],
] as const) {
  verifies(
    'live.background',
    `leaves no process when the server ends right after a conversation was ${what}`,
    async () => {
      const server = await startClaudeServer({ env: { ALLOWED_TOOLS: 'Bash' } });
      await server.post('/api/conversations', { id: 'a' });
      await warm(server, 'a');
      await server.chat({ message: shell, conv_id: 'a' });
      await forget(server);
      await server.server.dispose({ graceS: 0 });
      expect(await processesOf(server.workspace)).toEqual([]);
    },
  );
}

verifies(
  'prompt.rules',
  'ends with its conversation, is not made of changed input, and a fork gets no more than its original',
  async () => {
    const server = await startClaudeServer();
    await server.post('/api/conversations', { id: 'a', permission_mode: 'default', allowed_tools: '' });
    const first = await server.accept('a', { message: '[[tool:Bash touch y]][[text done]]' });
    const [prompt] = await server.prompts();
    const id = prompt?.id as string;
    const changed = await server.answer(id, {
      decision: 'allow',
      updated_input: { command: 'touch z' },
      remember: 'always',
    });
    expect(changed.status).toBe(400);
    const answer = { decision: 'allow', remember: 'conversation' };
    const { rule } = (await (await server.answer(id, answer)).json()) as { rule: { id: string } };
    expect(await (await server.answer(id, { ...answer, message: null })).json()).toMatchObject({
      rule: { id: rule.id },
    });
    await server.end(first.turn_id);
    const fork = (await (await server.post('/api/conversations/a/fork', {})).json()) as {
      allowed_tools: string | null;
      permission_mode: string;
    };
    expect(fork).toMatchObject({ allowed_tools: '', permission_mode: 'default' });
    await server.remove('/api/conversations/a');
    expect(await server.get('/api/rules')).toEqual({ rules: [] });
    await server.accept('a', { message: '[[tool:Bash touch y]][[text done]]', ...asking });
    await server.prompts();
  },
);

verifies(
  'prompt.question',
  'takes questions with names that objects have, and says so where two are one',
  async () => {
    const server = await startClaudeServer();
    const { turn_id } = await server.accept('a', {
      message: '[[ask constructor|A|B]][[text thanks]]',
      ...asking,
    });
    const [prompt] = await server.prompts();
    expect((await server.answer(prompt?.id as string, { decision: 'allow', answers: {} })).status).toBe(400);
    expect(
      (await server.answer(prompt?.id as string, { decision: 'allow', answers: { constructor: ['A'] } }))
        .status,
    ).toBe(200);
    expect(
      (await server.answer(prompt?.id as string, { decision: 'allow', answers: { constructor: 'A' } }))
        .status,
    ).toBe(200);
    expect((await server.end(turn_id)).result?.response).toBe('thanks');
  },
);

verifies(
  'agent.one-writer',
  'does not answer from a live process while a terminal has the session',
  async () => {
    const server = await startClaudeServer();
    const { session_id } = await server.chat({ message: 'one', conv_id: 'a' });
    await warm(server, 'a');
    const desk = await openBare(server, [
      '-p',
      '--resume',
      session_id,
      '--input-format',
      'stream-json',
      '--output-format',
      'stream-json',
      '--verbose',
    ]);
    expect(await server.chat({ message: 'two', conv_id: 'a' })).toMatchObject({
      code: 'session_busy',
      status: 409,
    });
    await desk.end();
    expect((await server.chat({ message: 'three', conv_id: 'a' })).response).toBe('Echo: three');
  },
);
