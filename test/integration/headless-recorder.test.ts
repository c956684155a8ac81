import { expect } from 'vitest';
import type { ArchiveRecord } from '../../contract/archive.ts';
import { writeFakeClaude } from '../helper/fake-claude.ts';
import { startClaudeServer, startTestApi, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, killProcessesOf } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const records = async (server: TestServer, name: string): Promise<ArchiveRecord[]> =>
  (await server.get('/api/archive')).records.filter((record: ArchiveRecord) => record.name === name);

const ended = (server: TestServer, name: string): Promise<ArchiveRecord> =>
  until(`the end of ${name}`, async () =>
    (await records(server, name)).find(({ ended_at }) => ended_at !== null),
  );

verifies(
  'archive.reason',
  'has one record of a session that works for messages, with how its newest process ended',
  async () => {
    const server = await startClaudeServer();
    const { session_id } = await server.chat({ conv_id: 'a', message: 'hello' });
    const first = await ended(server, 'a');
    expect(first).toMatchObject({
      session_id,
      door: 'headless',
      terminal: null,
      project: server.workspace.project,
      reason: 'clean_exit',
      exit_code: 0,
      last_words: 'Echo: hello',
      log_bytes: 0,
    });
    expect((await server.get(`/api/hosts/local/sessions/${session_id}`)).record).toMatchObject({
      id: first.id,
    });

    // A label that is given while it works stays.
    const { turn_id } = await server.accept('a', { message: '[[hang]]' });
    await server.api.waitFor('[[hang]]');
    expect(await records(server, 'a')).toMatchObject([{ id: first.id, ended_at: null, reason: null }]);
    await server.patch(`/api/archive/${first.id}`, { label: 'the api' });
    await server.cancel(turn_id);
    expect(await ended(server, 'a')).toMatchObject({
      id: first.id,
      reason: 'interrupted',
      label: 'the api',
      started_at: first.started_at,
    });

    await server.accept('b', { message: '[[hang]] b' });
    await server.api.waitFor('[[hang]] b');
    await killProcessesOf(server.workspace);
    expect(await ended(server, 'b')).toMatchObject({ reason: 'abrupt', signal: 9 });

    expect(await server.chat({ conv_id: 'c', message: '[[error 400]]' })).toMatchObject({ status: 502 });
    expect(await ended(server, 'c')).toMatchObject({ reason: 'failed', interrupted: false });
    expect((await server.get('/api/archive?door=terminal')).records).toEqual([]);
    expect((await server.get('/api/archive?door=headless')).records).toHaveLength(3);
    expect(await (await server.send(`/api/archive/${first.id}/log`)).text()).toBe('');
  },
);

verifies(
  'archive.reason',
  'keeps the record of a live process open between turns, follows it over /clear, and tells when it is lost',
  async () => {
    const server = await startClaudeServer();
    await server.post('/api/conversations', { id: 'a' });
    await server.post('/api/conversations/a/warm', {});
    const { session_id: before } = await server.chat({ conv_id: 'a', message: 'hello' });
    expect(await records(server, 'a')).toMatchObject([{ session_id: before, ended_at: null, reason: null }]);
    await server.chat({ conv_id: 'a', message: '/clear' });
    const { session_id } = await server.chat({ conv_id: 'a', message: 'after' });
    expect(session_id).not.toBe(before);
    expect(await records(server, 'a')).toMatchObject([{ ended_at: null }]);
    await killProcessesOf(server.workspace);
    expect(await ended(server, 'a')).toMatchObject({
      session_id,
      reason: 'abrupt',
      last_words: 'Echo: after',
    });

    // A page that is opened warms it: how it ended is still to be read.
    await server.post('/api/conversations/a/warm', {});
    expect(await records(server, 'a')).toMatchObject([
      { session_id, reason: 'abrupt', last_words: 'Echo: after' },
    ]);
    const { turn_id } = await server.accept('a', { message: '[[hang]]' });
    await server.api.waitFor('[[hang]]');
    expect(await records(server, 'a')).toMatchObject([
      { ended_at: null, reason: null, exit_code: null, signal: null, last_words: null },
    ]);
    await server.cancel(turn_id);
    // Closed cleanly, with the server.
    expect(await server.chat({ conv_id: 'a', message: 'again' })).toMatchObject({ response: 'Echo: again' });
    const next = await server.restart();
    expect(await ended(next, 'a')).toMatchObject({
      session_id,
      reason: 'clean_exit',
      last_words: 'Echo: again',
    });
    expect(await records(next, 'a')).toHaveLength(1);
  },
);

verifies(
  'archive.reason',
  'distinguishes an agent that ran out of memory from one that was killed',
  async () => {
    const workspace = await createWorkspace();
    const api = await startTestApi();
    // What V8 prints before it aborts.
    const body =
      'echo "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory" >&2; kill -9 $$';
    const server = await startClaudeServer({
      workspace,
      api,
      env: { CLAUDE_BIN: await writeFakeClaude(workspace, body) },
    });
    expect(await server.chat({ conv_id: 'a', message: 'hello' })).toMatchObject({ code: 'agent_killed' });
    expect(await ended(server, 'a')).toMatchObject({ reason: 'out_of_memory', signal: 9 });
  },
);
