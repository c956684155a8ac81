import { expect } from 'vitest';
import { startClaudeServer, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { killProcessesOf, processesOf } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

// Longer than a busy machine takes from the warm process to the message, shorter than the jobs that must
// outlive it.
const env = { ALLOWED_TOOLS: 'Bash,Agent,Task', LIVE_IDLE_S: '3' };
const shell = (ms: number, name: string) =>
  `[[tool:Bash {"command":"echo line1; node -e 'setTimeout(Number, ${ms})'; echo line2","run_in_background":true,"description":"${name}"}]]`;

async function warmed(server: TestServer): Promise<void> {
  await server.post('/api/conversations', { id: 'a' });
  await server.post('/api/conversations/a/warm', {});
}

const snapshot = (server: TestServer) => server.get('/api/conversations/a');
const events = async (server: TestServer) =>
  (await server.get('/api/conversations/a/events?after=0&wait_s=0')).events;

verifies(
  ['live.background', 'live.own-turn'],
  'shows a shell that keeps running, and makes a turn of what it causes',
  async () => {
    const server = await startClaudeServer({ env });
    await warmed(server);
    const { turn_id } = await server.accept('a', {
      message: `${shell(4000, 'long job')}[[text Started it]]`,
    });
    expect((await server.end(turn_id)).result?.response).toBe('Started it');
    const { background, state } = await until('its output', async () => {
      const shown = await snapshot(server);
      return shown.background[0]?.tail && shown;
    });
    expect(state).toBe('idle');
    expect(background).toMatchObject([{ kind: 'shell', description: 'long job', tail: 'line1\n' }]);
    // It rests for longer than LIVE_IDLE_S, and is not closed.
    const { last_turn } = await until('its turn', async () => {
      const shown = await snapshot(server);
      return shown.last_turn?.origin === 'background' && shown;
    });
    expect(last_turn).toMatchObject({
      state: 'completed',
      message: 'Background command "long job" completed (exit code 0)',
    });
    expect(last_turn.result.response).toContain('Noticed: Background command');
    expect(
      (await events(server)).find(({ type }: { type: string }) => type === 'background.ended'),
    ).toMatchObject({ status: 'completed' });
    expect((await snapshot(server)).background).toEqual([]);
  },
);

verifies(
  'live.background',
  'stops tasks one by one, and never reports killed ones as completed',
  async () => {
    const server = await startClaudeServer({ env });
    await warmed(server);
    await server.chat({
      message: `${shell(60_000, 'one')}${shell(60_000, 'two')}[[text Started]]`,
      conv_id: 'a',
    });
    const { background } = await until('both', async () => {
      const shown = await snapshot(server);
      return shown.background.length === 2 && shown;
    });
    const stopped = await server.post(`/api/conversations/a/background/${background[0].id}/stop`, {});
    expect(stopped.status).toBe(200);
    await until('one left', async () => (await snapshot(server)).background.length === 1);
    await killProcessesOf(server.workspace);
    await until('none left', async () => (await snapshot(server)).background.length === 0);
    const ended = (await events(server)).filter(({ type }: { type: string }) => type === 'background.ended');
    expect(
      ended.map(({ status, task }: { status: string; task: { description: string } }) => [
        task.description,
        status,
      ]),
    ).toEqual([
      ['one', 'killed'],
      ['two', 'killed'],
    ]);
  },
);

verifies('live.background', 'is not ended by a message that needs another process', async () => {
  const server = await startClaudeServer({ env });
  await warmed(server);
  await server.chat({ message: `${shell(60_000, 'one')}[[text Started]]`, conv_id: 'a' });
  const before = await processesOf(server.workspace);
  expect(await server.chat({ message: 'x', conv_id: 'a', json_schema: { type: 'object' } })).toMatchObject({
    code: 'background_busy',
    status: 409,
  });
  // The shell starts another process meanwhile.
  expect(await processesOf(server.workspace)).toEqual(expect.arrayContaining(before));
  expect((await server.chat({ message: 'plain', conv_id: 'a' })).response).toBe('Echo: plain');
});

verifies(
  'live.background',
  'answers with the result that uses a sub-agent, and cancels what only its sub-agents do',
  async () => {
    const server = await startClaudeServer({ env });
    await warmed(server);
    const done = await server.chat({
      message: '[[agent general-purpose {{text the report}}]][[text launched]]',
      conv_id: 'a',
    });
    expect(done.response).toBe('Noticed: Agent "a sub-agent" finished');
    const { turn_id } = await server.accept('a', {
      message: `[[agent general-purpose {{tool:Bash node -e "setTimeout(Number, 60000)"}}{{text report}}]][[text launched]]`,
    });
    await until('only the sub-agent', async () => (await snapshot(server)).turn?.text.includes('launched'));
    expect(await server.cancel(turn_id)).toMatchObject({ state: 'cancelled' });
    expect((await server.chat({ message: 'next', conv_id: 'a' })).response).toBe('Echo: next');
  },
);
