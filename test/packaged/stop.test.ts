import { expect } from 'vitest';
import { startCli } from '../helper/cli.ts';
import { password, username } from '../helper/client.ts';
import { startBadLine } from '../helper/flaky-network.ts';
import { startTestApi } from '../helper/server.ts';
import { startServerProcess } from '../helper/server-process.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, processesOf, serverEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('stop.clean', 'lets a running turn end, takes no more, and keeps what waits', async () => {
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const env = serverEnv(workspace, api);
  const server = await startServerProcess(workspace, env);
  const answer = server.chat({ message: '[[first 1500ms]][[text in time]]', conv_id: 'a' });
  await api.waitFor('in time');
  const queued = await server.accept('a', { message: 'for later' });
  server.child.kill('SIGTERM');
  await until('the refusal', async () => {
    const refused = await server.post('/api/chat', { message: 'too late' });
    return refused.status === 503 && (await refused.json()).code === 'shutting_down';
  });
  expect((await answer).response).toBe('in time');
  expect(await server.stop()).toBe(0);
  expect(await processesOf(workspace)).toEqual([]);
  const second = await startServerProcess(workspace, env);
  expect(await second.turn(queued.turn_id)).toMatchObject({ state: 'completed' });
});

verifies('stop.clean', 'stops what does not end in time, and leaves no process', async () => {
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const env = serverEnv(workspace, api, { SHUTDOWN_GRACE_S: '0.2' });
  const server = await startServerProcess(workspace, env);
  const { turn_id } = await server.accept('a', { message: '[[slow 500 50ms]]' });
  await api.waitFor('slow 500');
  expect(await server.stop()).toBe(0);
  // What the agent was just starting when it was ended is gone a moment after it.
  await until('no process', async () => (await processesOf(workspace)).length === 0, 2_000);
  const second = await startServerProcess(workspace, env);
  expect(await second.turn(turn_id)).toMatchObject({ state: 'interrupted' });
});

verifies('stop.clean', 'leaves no agent behind when its terminal is closed', async () => {
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const server = await startServerProcess(workspace, serverEnv(workspace, api, { SHUTDOWN_GRACE_S: '0' }));
  await server.accept('a', { message: '[[hang]]' });
  await api.waitFor('[[hang]]');
  server.child.kill('SIGHUP');
  await until('the end', () => server.child.exitCode !== null);
  // What was asked for the version may be on its way out.
  await until('no process', async () => (await processesOf(workspace)).length === 0);
});

verifies('stop.clean', 'tells every waiting client that its message is kept, and in which turn', async () => {
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const env = serverEnv(workspace, api, { SHUTDOWN_GRACE_S: '0' });
  const server = await startServerProcess(workspace, env);
  await server.accept('a', { message: '[[hang]]' });
  const waiting = server.chat({ message: 'kept', conv_id: 'a' });
  const streaming = server
    .post('/api/chat', { message: 'streamed', conv_id: 'a', stream: true })
    .then((response) => response.text());
  const asText = server
    .post('/api/chat', { message: 'as text', conv_id: 'a' }, { accept: 'text/plain' })
    .then((response) => response.json());
  const following = server.send('/api/conversations/a/events').then((response) => response.text());
  await until('all', async () => (await server.get('/api/status')).turns.queued === 3);
  await server.stop();
  const kept = { code: 'accepted_shutting_down', status: 503, turn_id: expect.any(String) };
  const [answer, text] = [await waiting, await asText];
  expect(answer).toMatchObject(kept);
  expect(answer.hint).toContain('Do not send it again');
  expect(text).toMatchObject(kept);
  const lastData = (stream: string) => JSON.parse(/data: (.*)\n\n$/.exec(stream)?.[1] ?? 'null');
  const last = lastData(await streaming);
  expect(last).toMatchObject({
    type: 'shutdown',
    code: 'accepted_shutting_down',
    turn_id: expect.any(String),
  });
  expect(lastData(await following)).toMatchObject({ type: 'shutdown' });
  const second = await startServerProcess(workspace, env);
  const turns = await Promise.all([answer.turn_id, last.turn_id, text.turn_id].map((id) => second.end(id)));
  expect(turns.map((turn) => turn.text)).toEqual(['Echo: kept', 'Echo: streamed', 'Echo: as text']);
});

verifies(
  ['cli.talk', 'stop.clean'],
  'names the accepted turn to a command whose server is killed while it waits',
  async () => {
    const workspace = await createWorkspace();
    const api = await startTestApi();
    const server = await startServerProcess(workspace, serverEnv(workspace, api));
    const { turn_id } = await server.accept('waited', { message: '[[hang]]' });
    const line = await startBadLine(server.url);
    const env = { SWITCHBOARD_URL: line.url, SWITCHBOARD_AUTH: `${username}:${password}` };
    const commands = [
      ['ask', 'asked', '[[hang]]'],
      ['chat', 'chatted', '[[hang]]'],
      ['wait', turn_id],
    ].map((args) => startCli(workspace, args, { env }));
    const ids = async () =>
      Promise.all(
        ['asked', 'chatted'].map(async (id) => (await server.get(`/api/conversations/${id}`)).turn_id),
      );
    const [asked, chatted] = await until('both turns', async () => {
      const found = await ids().catch(() => []);
      return found.length === 2 && found.every(Boolean) && found;
    });
    // Each command knows its turn once it reads it.
    const reads = [
      `GET /api/turns/${asked}`,
      'GET /api/conversations/chatted/events',
      `GET /api/turns/${turn_id}`,
    ];
    await until('their reads', () =>
      reads.every((read) => line.requests.some((request) => request.startsWith(read))),
    );
    await server.kill();
    const ended = await Promise.all(commands.map((command) => command.ended));
    for (const [index, id] of [asked, chatted, turn_id].entries()) {
      const { code, words } = ended[index] as { code: number; words: string };
      expect(code).not.toBe(0);
      expect(words).toContain(`The message is accepted as turn ${id}: do not send it again.`);
      expect(words).not.toMatch(/\n\s+at /);
    }
  },
);
