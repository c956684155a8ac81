import { spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { username } from '../helper/client.ts';
import { type FileFault, fileFaults, give, isRoot, nobody } from '../helper/file-fault.ts';
import { createSubscriber } from '../helper/push-service.ts';
import { queryDatabase } from '../helper/query-database.ts';
import { startTestApi } from '../helper/server.ts';
import { type ServerProcess, startServerProcess } from '../helper/server-process.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, serverEnv, testEnv, type Workspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

/**
 * What a start does with a file that can be made again.
 * - used: it is used as it is.
 * - again: it is made again, and nothing of a person's is lost.
 * - noted: it is made again, and what that means for a person is said.
 * - aside: the same, and the old file is kept as `*.damaged-*`.
 * - stays: it is left as it is, and said with the fix; what needs it says the same.
 * - refused: the server does not start; see the table of those.
 */
type Result = 'used' | 'again' | 'noted' | 'aside' | 'stays' | 'refused';

type Row = Record<FileFault | 'newer', Result>;

const aside = (more: Partial<Row>): Row => ({
  ...all('aside'),
  'a link': 'used',
  'read-only': 'used',
  newer: 'used',
  ...more,
});

function all(result: Result): Row {
  const names = [...(Object.keys(fileFaults) as FileFault[]), 'newer'] as const;
  return Object.fromEntries(names.map((name) => [name, result])) as Row;
}

/**
 * A folder of the server: its content may be lost, which is reported on use (see the test of attachments).
 */
const folder: Row = {
  ...all('used'),
  missing: 'again',
  'read-only': 'stays',
  'foreign owner': 'stays',
  'a folder': 'aside',
  'a dangling link': 'aside',
  'a loop': 'aside',
};

/** Files that SQLite or the server keeps beside the journal briefly: none is needed at a start. */
const part: Row = {
  ...all('again'),
  'a folder': 'aside',
  'a link': 'aside',
  'a dangling link': 'aside',
  'a loop': 'aside',
};

const table: Record<string, Row> = {
  password: aside({ missing: 'noted' }),
  // The password is missing too, which revokes the pushes of browsers: see the test of removal for only the
  // keys.
  'vapid.json': aside({ missing: 'again' }),
  'library.db': all('again'),
  attachments: folder,
  terminals: folder,
  undo: folder,
  'server.pid': { ...all('again'), 'a folder': 'stays' },
  'sessions.json.bak': { ...all('again'), 'a folder': 'aside' },
  'switchboard.db-shm': all('again'),
  'switchboard.db-journal': { ...part, 'read-only': 'refused', 'foreign owner': 'refused' },
  'switchboard.db-wal.before': part,
};

/** What a newer version may write; other files have no version. */
const newer: Record<string, (path: string) => void> = {
  'vapid.json': (path) =>
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), later: 1 })),
  'server.pid': (path) => writeFileSync(path, '{"pid": 1, "later": 1}\n'),
  'sessions.json.bak': (path) => writeFileSync(path, '{"version": 9, "conversations": []}'),
  'library.db': (path) => queryDatabase(path, 'PRAGMA user_version = 99'),
};

const as = isRoot ? { uid: nobody } : {};
const binary = { name: 'a.bin', data: Buffer.from([1, 2, 3, 0]).toString('base64') };
const hasStack = /\n\s+at |\\n\s+at /;
const keptIn = (path: string) => readdirSync(path).filter((name) => name.includes('.damaged-'));
const keyOf = ({ data }: Workspace) =>
  JSON.parse(readFileSync(join(data, 'vapid.json'), 'utf8')).publicKey as string;
const passwordOf = ({ data }: Workspace) => readFileSync(join(data, 'password'), 'utf8').trim();

/** The API as a person uses it who looks up the password in its file. */
function signIn(server: ServerProcess, workspace: Workspace) {
  const authorization = `Basic ${Buffer.from(`${username}:${passwordOf(workspace)}`).toString('base64')}`;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers of every shape
  const read = async (response: Response): Promise<{ status: number; body: any }> => ({
    status: response.status,
    body: await response.json(),
  });
  return {
    get: async (path: string) => (await read(await server.send(path, { headers: { authorization } }))).body,
    post: async (path: string, body: object) => read(await server.post(path, body, { authorization })),
  };
}

type Client = ReturnType<typeof signIn>;

/** A data folder in which every file is there, and a way back to it. */
async function prepare(more: Record<string, string> = {}) {
  const workspace = await createWorkspace();
  const { data, root } = workspace;
  const api = await startTestApi();
  const env = serverEnv(workspace, api, { AUTH_PASSWORD: '', PUSH_PRIVATE_ADDRESSES: 'true', ...more });
  spawnSync('git', ['init', '-q'], { cwd: workspace.project, env: testEnv(workspace) });
  if (isRoot) give(root, nobody);
  const start = () => startServerProcess(workspace, env, undefined, as);
  const server = await start();
  const client = signIn(server, workspace);
  const subscription = { endpoint: 'http://127.0.0.1:9/x', keys: createSubscriber().keys };
  expect((await client.post('/api/push/devices', { kind: 'web', subscription })).status).toBeLessThan(300);
  const said = await client.post('/api/chat', { message: 'a pelican', conv_id: 'a', attachments: [binary] });
  expect(said.body).toMatchObject({ success: true });
  await client.get('/api/push');
  await findPelican(client);
  await server.stop();
  mkdirSync(join(data, 'terminals'), { recursive: true });
  writeFileSync(join(data, 'terminals', 'x.log'), 'what was shown');
  writeFileSync(join(data, 'switchboard.db-shm'), Buffer.alloc(32_768));
  for (const end of ['-journal', '-wal.before'])
    writeFileSync(join(data, `switchboard.db${end}`), 'nothing that SQLite knows');
  if (isRoot) give(data, nobody);
  const used = join(root, 'used');
  cpSync(data, used, { recursive: true });
  return {
    workspace,
    api,
    start,
    restore() {
      rmSync(data, { recursive: true, force: true });
      cpSync(used, data, { recursive: true });
      if (isRoot) give(data, nobody);
    },
  };
}

const findPelican = (client: Client) =>
  until('the hit', async () => (await client.get('/api/search?q=pelican')).hits.length > 0);

/** Uses everything that needs one of the files. */
async function useAll(client: Client, file: (name: string) => Result) {
  await client.get('/api/push');
  await findPelican(client);
  const sent = await client.post('/api/chat', { message: 'more', conv_id: 'a', attachments: [binary] });
  if (file('attachments') === 'stays')
    expect(sent.body).toMatchObject({
      code: 'storage_unavailable',
      detail: expect.stringMatching(/ch(own|mod) -R/),
    });
  const { body } =
    sent.status === 503 ? await client.post('/api/chat', { message: 'and more', conv_id: 'a' }) : sent;
  expect(body).toMatchObject({ success: true });
  const changes = await client.get(`/api/turns/${body.turn_id}/changes`);
  if (file('undo') === 'stays')
    expect(changes).toMatchObject({
      code: 'nothing_to_undo',
      detail: expect.stringMatching(/ch(own|mod) -R/),
    });
  else expect(changes).toMatchObject({ files: [] });
  expect((await client.post('/api/conversations', { id: `c${Date.now()}` })).status).toBe(201);
}

verifies(
  'store.files',
  'starts with any damage to files that it can create again, and reports the effects',
  async () => {
    const { workspace, start, restore } = await prepare();
    const { data } = workspace;
    const before = { password: passwordOf(workspace), 'vapid.json': keyOf(workspace) };
    // Per cell: how often it is reported, and how many damaged files are kept.
    const [expected, seen]: [unknown[], unknown[]] = [[], []];
    for (const fault of [...Object.keys(fileFaults), 'newer'] as (FileFault | 'newer')[]) {
      restore();
      for (const name of Object.keys(table)) {
        if (table[name]?.[fault] === 'refused') continue;
        const make = fault === 'newer' ? newer[name] : fileFaults[fault];
        make?.(join(data, name));
      }
      const resultOf = (name: string) => table[name]?.[fault] as Result;
      const server = await start();
      const client = signIn(server, workspace);
      await useAll(client, resultOf);
      const { storage } = await client.get('/api/status');
      const notes: { file: string; text: string }[] = storage.notes;
      for (const name of Object.keys(table)) {
        const result = resultOf(name);
        const said = notes.filter(
          ({ file, text }) => basename(file) === name || text.startsWith(`${join(data, name)} `),
        );
        const kept = keptIn(data).filter((one) => one.startsWith(`${name}.`));
        const isNoted = ['noted', 'aside', 'stays'].includes(result);
        const isKept = result === 'aside' || (name === 'library.db' && fault === 'a folder');
        expected.push([fault, name, result, isNoted ? 1 : 0, isKept ? 1 : 0]);
        seen.push([fault, name, result, said.length, kept.length]);
        if (result === 'stays') expect(said[0]?.text).toMatch(/sudo chown -R|chmod -R|move it away/);
      }
      const isUsed = (name: keyof typeof before) => resultOf(name) === 'used';
      expect([fault, passwordOf(workspace) === before.password]).toEqual([fault, isUsed('password')]);
      expect([fault, keyOf(workspace) === before['vapid.json']]).toEqual([fault, isUsed('vapid.json')]);
      expect(server.output()).not.toMatch(hasStack);
      expect(await server.stop()).toBe(0);
    }
    expect(seen).toEqual(expected);
  },
  400_000,
);

verifies(
  'store.files',
  'keeps working while files that it can create again are removed or replaced',
  async () => {
    const { workspace, start, restore } = await prepare();
    const { data } = workspace;
    restore();
    const server = await start();
    const client = signIn(server, workspace);
    const word = passwordOf(workspace);
    for (const name of Object.keys(table)) rmSync(join(data, name), { recursive: true, force: true });
    writeFileSync(join(data, 'password'), `${word}\n`);
    await useAll(client, () => 'again');
    for (const name of ['attachments', 'undo', 'terminals']) {
      rmSync(join(data, name), { recursive: true, force: true });
      writeFileSync(join(data, name), 'mine');
    }
    const sent = await client.post('/api/chat', { message: 'more', conv_id: 'a', attachments: [binary] });
    expect(sent).toMatchObject({
      status: 503,
      body: {
        detail: expect.stringContaining(
          'attachments is a file, and a folder is expected there: move it away',
        ),
      },
    });
    expect((await client.post('/api/chat', { message: 'and more', conv_id: 'a' })).body).toMatchObject({
      success: true,
    });
    expect(readFileSync(join(data, 'attachments'), 'utf8')).toBe('mine');
    expect(server.output()).not.toMatch(hasStack);
    const missing =
      'vapid.json is missing: new keys were made, and browsers must turn notifications on again';
    expect((await client.get('/api/status')).storage.notes).toEqual([
      expect.objectContaining({ text: expect.stringContaining(missing) }),
    ]);
    await server.stop();
    const second = signIn(await start(), workspace);
    const { storage } = await second.get('/api/status');
    expect(storage.notes.map(({ text }: { text: string }) => text)).toEqual([
      ...['attachments', 'terminals', 'undo'].map((name) => expect.stringContaining(`${name} is a file`)),
    ]);
  },
  60_000,
);

verifies(
  'store.files',
  'fails a message whose files were removed or changed while it waited, and names them',
  async () => {
    const { workspace, start, api } = await prepare({ MAX_CONCURRENT_TURNS: '1' });
    const { data } = workspace;
    const server = await start();
    const client = signIn(server, workspace);
    const hung = await client.post('/api/conversations/hung/turns', { message: '[[hang]]' });
    await api.waitFor('[[hang]]');
    const text = { name: 'notes.txt', data: Buffer.from('notes of the day').toString('base64') };
    const send = async (file: object) =>
      (await client.post('/api/conversations/a/turns', { message: 'look', attachments: [file] })).body
        .turn_id as string;
    const turns = {
      missing: await send(text),
      cut: await send(binary),
      zeroed: await send(text),
      random: await send(binary),
    };
    for (const [fault, id] of Object.entries(turns))
      fileFaults[fault as FileFault](join(data, 'attachments', id, '0'));
    await client.post(`/api/turns/${hung.body.turn_id}/cancel`, {});
    for (const [fault, id] of Object.entries(turns)) {
      const turn = await client.get(`/api/turns/${id}?wait_s=30&for=end`);
      const says = expect.stringMatching(
        fault === 'missing'
          ? /notes\.txt cannot be read: .*is not there any more/
          : /is not what came with the message/,
      );
      expect([fault, turn.state, turn.error]).toEqual([
        fault,
        'failed',
        expect.objectContaining({ code: 'attachment_lost', detail: says }),
      ]);
    }
  },
);

/**
 * Files that cannot be created again, so the server does not start: named with the fix, and left as they are.
 */
const refused: Record<string, [name: string, fault: FileFault, says: RegExp]> = {
  'the journal read-only': [
    'switchboard.db',
    'read-only',
    /switchboard\.db may not be used by this user: chmod u\+rw/,
  ],
  'the journal of another user': [
    'switchboard.db',
    'foreign owner',
    /switchboard\.db (belongs to another user \(uid 0\): .*sudo chown|may not be used)/,
  ],
  'the journal of SQLite read-only': [
    'switchboard.db-journal',
    'read-only',
    /switchboard\.db-journal may not be used by this user: chmod u\+rw/,
  ],
  'the journal of SQLite of another user': [
    'switchboard.db-journal',
    'foreign owner',
    /switchboard\.db-journal (belongs to another user \(uid 0\): .*sudo chown|may not be used)/,
  ],
  'sessions.json of another user': [
    'sessions.json',
    'foreign owner',
    /sessions\.json (belongs to another user \(uid 0\): .*sudo chown|may not be used)/,
  ],
  'the folder read-only': ['.', 'read-only', /may not be used by this user: chmod -R u\+rwX/],
  'the folder of another user': [
    '.',
    'foreign owner',
    /(belongs to another user \(uid 0\): .*sudo chown -R|may not be used)/,
  ],
  'the folder a file': ['.', 'a folder', /is a file/],
  'the folder a dangling link': ['.', 'a dangling link', /is a link to .*, which is not there/],
  'the folder a loop': ['.', 'a loop', /is a link that leads in a circle/],
};

verifies(
  'store.files',
  'refuses files that it can neither use nor create again, names the fix, and changes nothing',
  async () => {
    const { workspace, start, restore } = await prepare();
    const { data } = workspace;
    const look = () =>
      lstatSync(data).isDirectory()
        ? readdirSync(data)
            .sort()
            .map((name) => [name, lstatSync(join(data, name)).size])
        : [];
    for (const [what, [name, fault, says]] of Object.entries(refused)) {
      restore();
      // A start that reads the journal removes this file, whatever else stops that start.
      if (name !== 'switchboard.db-journal') rmSync(join(data, 'switchboard.db-journal'));
      fileFaults[fault](join(data, name));
      const before = look();
      const said = await start().then(
        () => 'it has started',
        (error: Error) => error.message,
      );
      expect([what, said]).toEqual([what, expect.stringMatching(/^the server ended with 2/)]);
      expect([what, said]).toEqual([what, expect.stringMatching(says)]);
      expect(said).not.toMatch(hasStack);
      expect([what, look()]).toEqual([what, before]);
    }
  },
  60_000,
);
