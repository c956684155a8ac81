import { spawnSync } from 'node:child_process';
import { closeSync, openSync, statSync, truncateSync, writeSync } from 'node:fs';
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { password, username } from '../helper/client.ts';
import { startBuilt } from '../helper/packaged.ts';
import { queryDatabase } from '../helper/query-database.ts';
import { packageRoot } from '../helper/server.ts';
import { type ServerProcess, startServerProcess } from '../helper/server-process.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const noise = (size: number) =>
  Buffer.from(Array.from({ length: size }, (_, index) => (index * 73 + (index >> 3) * 31 + 41) % 256));

function overwrite(path: string, size = statSync(path).size, at = 0): void {
  const file = openSync(path, 'r+');
  writeSync(file, noise(size), 0, size, at);
  closeSync(file);
}

/** Damages the first page of a table. */
function overwritePageOf(file: string, table: string): void {
  const [row] = queryDatabase(file, `SELECT rootpage AS page FROM sqlite_master WHERE name = '${table}'`) as [
    { page: number },
  ];
  overwrite(file, 4096, (row.page - 1) * 4096);
}

/** Runs the built server, or one of its commands, and expects it to exit. */
function run(cwd: string, env: Record<string, string>, ...args: string[]) {
  const [main, ...rest] =
    args[0] === 'cli' ? ['dist/cli/main.js', ...args.slice(1)] : ['dist/server/main.js', ...args];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(packageRoot, main as string), ...rest],
    {
      cwd,
      env,
      encoding: 'utf8',
      timeout: 20_000,
    },
  );
  return { status, text: stdout + stderr };
}

/** What works without the journal: history and list of sessions, search, and the status of the server. */
async function expectReadable(server: ServerProcess, sessionId: string): Promise<void> {
  const { messages } = await server.get('/api/conversations/a/messages');
  expect(JSON.stringify(messages)).toContain('Echo: a pelican');
  expect(await server.get(`/api/hosts/local/sessions/${sessionId}`)).toMatchObject({ id: sessionId });
  expect(JSON.stringify(await server.get('/api/hosts/local/sessions'))).toContain(sessionId);
  expect(await server.get('/api/search?q=pelican')).toHaveProperty('hits');
  expect(await server.get('/api/conversations/a')).toMatchObject({ session_id: sessionId });
  expect(await server.get('/api/conversations')).toMatchObject({ total: 1 });
  expect(await server.get('/api/sessions')).toHaveProperty('a');
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
}

async function expectRefused(server: ServerProcess, says: RegExp): Promise<void> {
  const requests: [path: string, body: object][] = [
    ['/api/conversations/a/turns', { message: 'lost?' }],
    ['/api/chat', { message: 'lost?', conv_id: 'b' }],
    ['/api/tokens', { label: 'x' }],
  ];
  for (const [path, body] of requests) {
    const response = await server.post(path, body);
    expect([path, response.status, await response.json()]).toEqual([
      path,
      503,
      expect.objectContaining({ code: 'storage_unavailable', detail: expect.stringMatching(says) }),
    ]);
  }
  const { storage } = await server.get('/api/status');
  expect(storage).toMatchObject({ writable: false, detail: expect.stringMatching(says) });
}

verifies(
  ['store.loss', 'store.newer', 'store.repair'],
  'reports the state of a journal after a crash, and works without it',
  async () => {
    const { server: first, workspace, env } = await startBuilt();
    const { session_id } = await first.chat(
      { message: 'a pelican', conv_id: 'a' },
      { 'idempotency-key': 'once' },
    );
    await first.kill();
    const used = `${workspace.data}-used`;
    await cp(workspace.data, used, { recursive: true });
    const restore = async () => {
      await rm(workspace.data, { recursive: true });
      await cp(used, workspace.data, { recursive: true });
    };
    const file = join(workspace.data, 'switchboard.db');
    const start = () => startServerProcess(workspace, env);

    // A truncated log: the intact part is used; the rest is reported in the log, the status and the command.
    truncateSync(`${file}-wal`, statSync(`${file}-wal`).size / 2);
    const cut = await start();
    expect(cut.output()).toMatch(/newest \d+ changes are missing/);
    expect((await cut.get('/api/status')).storage).toMatchObject({
      writable: true,
      notes: [{ file, text: expect.stringContaining('changes are missing') }],
    });
    expect(run(workspace.root, env, 'cli', 'status').text).toContain('changes are missing');
    expect(await cut.chat({ message: 'next', conv_id: 'a' })).toMatchObject({
      session_id,
      response: 'Echo: next',
    });
    await cut.stop();

    // No journal at all: it may be on a disk that is not mounted.
    await restore();
    for (const end of ['', '-wal']) await rm(file + end);
    const refused = run(workspace.root, env);
    expect(refused).toMatchObject({
      status: 2,
      text: expect.stringMatching(/journal .*switchboard\.db is not there[\s\S]*--accept-empty/),
    });
    expect(refused.text).not.toMatch(/\n\s+at /);
    expect(run(workspace.root, env, 'cli', 'serve')).toMatchObject({ status: 2 });
    const empty = await startServerProcess(workspace, env, undefined, { args: ['--accept-empty'] });
    await expectReadable(empty, session_id);
    expect(await empty.chat({ message: 'next', conv_id: 'a' })).toMatchObject({ session_id });
    await empty.stop();
    await start().then((server) => server.stop());

    // Of a newer version.
    await restore();
    queryDatabase(file, 'PRAGMA user_version = 99');
    const old = await start();
    expect(old.output()).toMatch(/made by a newer version/);
    await expectReadable(old, session_id);
    await expectRefused(old, /made by a newer version/);
    expect(run(workspace.root, env)).toMatchObject({
      status: 2,
      text: expect.stringContaining(`pid ${old.child.pid}`),
    });
    await old.stop();

    // Damaged pages: a person can sign in and read why, and a command repairs it.
    await restore();
    await start().then((server) => server.stop());
    overwritePageOf(file, 'event');
    const damaged = await start();
    expect(damaged.output()).toMatch(/is damaged.*switchboard repair-store/);
    await expectReadable(damaged, session_id);
    await expectRefused(damaged, /is damaged.*repair-store/);
    const login = await fetch(`${damaged.url}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password }),
    });
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await fetch(`${damaged.url}/api/status`, { headers: { cookie } })).status).toBe(200);
    for (const path of ['/api/archive', '/api/audit', '/api/turns/unknown', '/api/push']) {
      const response = await fetch(damaged.url + path, { headers: { cookie } });
      expect([path, response.status]).toEqual([path, 503]);
    }
    expect(run(workspace.root, env, 'cli', 'repair-store')).toMatchObject({
      status: 2,
      text: expect.stringContaining(`pid ${damaged.child.pid}`),
    });
    await damaged.stop();
    const repair = run(workspace.root, env, 'cli', 'repair-store');
    expect(repair).toMatchObject({
      status: 0,
      text: expect.stringMatching(
        /written anew; the old one is kept as .*switchboard\.db\.damaged-[\s\S]*turn +1 rows/,
      ),
    });
    const repaired = await start();
    expect((await repaired.get('/api/status')).storage).toEqual({ writable: true, detail: null, notes: [] });
    // The message is still known by its key, and does not run again.
    expect(
      await repaired.chat({ message: 'a pelican', conv_id: 'a' }, { 'idempotency-key': 'once' }),
    ).toMatchObject({ response: 'Echo: a pelican' });
    expect(await repaired.chat({ message: 'next', conv_id: 'a' })).toMatchObject({ session_id });
  },
  180_000,
);

verifies(
  'store.gone',
  'accepts nothing while its files are removed or overwritten, and keeps a second server out',
  async () => {
    const { server, workspace, env } = await startBuilt();
    const { session_id } = await server.chat({ message: 'a pelican', conv_id: 'a' });
    const file = join(workspace.data, 'switchboard.db');
    const away = join(workspace.root, 'away');
    const second = () => run(workspace.root, env);

    await until('the index', async () =>
      JSON.stringify(await server.get('/api/hosts/local/sessions')).includes(session_id),
    );
    // The files of the journal, then the whole folder.
    await rename(file, `${file}.away`);
    await expectRefused(server, /switchboard\.db was removed while the server runs/);
    await rename(`${file}.away`, file);
    expect(await server.chat({ message: 'back', conv_id: 'a' })).toMatchObject({ response: 'Echo: back' });
    await rename(workspace.data, away);
    await expectRefused(server, /was removed while the server runs/);
    await expectReadable(server, session_id);
    expect(second()).toMatchObject({ status: 2, text: expect.stringContaining(`pid ${server.child.pid}`) });
    // Attachments do not make half a folder.
    const attachments = [{ name: 'a.txt', data: Buffer.from('x').toString('base64') }];
    expect((await server.post('/api/conversations/a/turns', { message: 'x', attachments })).status).toBe(503);
    expect((await readdir(workspace.root)).includes('data')).toBe(false);
    await rename(away, workspace.data);
    expect(await server.chat({ message: 'back', conv_id: 'a' })).toMatchObject({ response: 'Echo: back' });

    // Bytes that are not ours.
    overwrite(file);
    await expectRefused(server, /is damaged.*repair-store/);
    await expectReadable(server, session_id);
    for (const path of [
      '/api/archive',
      '/api/audit',
      '/api/turns/unknown',
      '/api/conversations/a/events?after=0&wait_s=0',
    ]) {
      const response = await fetch(server.url + path, {
        headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
      });
      expect([path, response.status < 500 || response.status === 503]).toEqual([path, true]);
    }
    expect(server.output()).not.toContain('a request failed');
  },
);
