import { chmodSync, chownSync, lchownSync, readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startTestApi } from '../helper/server.ts';
import { startServerProcess } from '../helper/server-process.ts';
import { createWorkspace, serverEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const nobody = 65534;
const isRoot = process.getuid?.() === 0;

/** Gives a folder with all in it to another user. */
function give(path: string, uid: number): void {
  for (const entry of readdirSync(path, { recursive: true })) lchownSync(join(path, String(entry)), uid, uid);
  chownSync(path, uid, uid);
}

verifies(
  'store.damaged',
  'refuses a sessions.json of another user with the fix, and moves nothing',
  async () => {
    const workspace = await createWorkspace();
    const env = serverEnv(workspace, null);
    const as = isRoot ? { uid: nobody } : {};
    if (isRoot) give(workspace.root, nobody);
    const first = await startServerProcess(workspace, env, undefined, as);
    expect((await first.post('/api/conversations', { id: 'a', title: 'Its title' })).status).toBe(201);
    await first.stop();
    const file = join(workspace.data, 'sessions.json');
    const before = await readFile(file, 'utf8');
    if (isRoot) chownSync(file, 0, 0);
    chmodSync(file, isRoot ? 0o600 : 0o000);
    const refused = await startServerProcess(workspace, env, undefined, as).catch(
      (error: Error) => error.message,
    );
    const fix = isRoot ? 'belongs to another user (uid 0): give it back with sudo chown' : 'chmod u+rw';
    expect(refused).toMatch(/ended with 2/);
    expect(refused).toContain(fix);
    expect(refused).not.toMatch(/\n\s+at /);
    chmodSync(file, 0o600);
    expect(await readFile(file, 'utf8')).toBe(before);
    if (isRoot) chownSync(file, nobody, nobody);
    const second = await startServerProcess(workspace, env, undefined, as);
    expect(await second.get('/api/conversations/a')).toMatchObject({ title: 'Its title' });
  },
);

verifies(
  'store.damaged',
  'uses the last good copy of sessions.json, whatever became of the file, and says so',
  async () => {
    const workspace = await createWorkspace();
    const file = join(workspace.data, 'sessions.json');
    const first = await startServerProcess(workspace, serverEnv(workspace, null));
    // The version before has the first title already.
    for (const id of ['a', 'b']) await first.post('/api/conversations', { id, title: `The title of ${id}` });
    await first.stop();
    const whole = await readFile(file, 'utf8');
    const copy = await readFile(`${file}.bak`, 'utf8');
    const faults: Record<string, () => Promise<unknown>> = {
      missing: async () => {},
      empty: () => writeFile(file, ''),
      cut: () => writeFile(file, whole.slice(0, -20)),
      zeroed: () => writeFile(file, Buffer.alloc(whole.length)),
      random: () =>
        writeFile(file, Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 73 + 41) % 256))),
      'a folder': () => mkdir(join(file, 'x'), { recursive: true }),
      'a link that leads nowhere': () => symlink('/nowhere/sessions.json', file),
      'a link that leads in a circle': () => symlink(file, file),
    };
    for (const [name, make] of Object.entries(faults)) {
      await rm(file, { recursive: true, force: true });
      await writeFile(`${file}.bak`, copy);
      const before = new Set(await readdir(workspace.data));
      await make();
      const server = await startServerProcess(workspace, serverEnv(workspace, null));
      expect([name, await server.get('/api/conversations/a')]).toEqual([
        name,
        expect.objectContaining({ title: 'The title of a' }),
      ]);
      const { storage } = await server.get('/api/status');
      expect([name, storage.notes]).toEqual([
        name,
        [expect.objectContaining({ file, text: expect.stringContaining('sessions.json.bak, is used') })],
      ]);
      expect(server.output()).toContain('sessions.json.bak, is used');
      const kept = (await readdir(workspace.data)).filter(
        (one) => !before.has(one) && one.includes('.damaged-'),
      );
      expect([name, kept.length]).toEqual([name, name === 'missing' ? 0 : 1]);
      expect((await server.post('/api/conversations', { id: 'c' })).status).toBe(201);
      await server.stop();
    }
  },
  120_000,
);

verifies('store.damaged', 'writes sessions.json whatever lies in the place of its copy', async () => {
  const workspace = await createWorkspace();
  const file = join(workspace.data, 'sessions.json');
  const elsewhere = join(workspace.root, 'elsewhere.json');
  await writeFile(
    elsewhere,
    `\uFEFF${JSON.stringify({ conversations: { old: { session_id: null, title: 'Before' } }, later: 1 })}`,
  );
  await symlink(elsewhere, file);
  await mkdir(join(`${file}.bak`, 'x'), { recursive: true });
  await mkdir(join(`${file}.bak.new`, 'x'), { recursive: true });
  const server = await startServerProcess(workspace, serverEnv(workspace, null));
  expect(await server.get('/api/conversations/old')).toMatchObject({ title: 'Before' });
  expect((await server.post('/api/conversations', { id: 'a' })).status).toBe(201);
  expect((await server.post('/api/conversations', { id: 'b' })).status).toBe(201);
  await server.stop();
  // A file that is kept elsewhere stays there, and so do the fields of a newer version.
  const kept = JSON.parse(await readFile(elsewhere, 'utf8'));
  expect([Object.keys(kept.conversations), kept.later]).toEqual([['old', 'a', 'b'], 1]);
  expect(Object.keys(JSON.parse(await readFile(`${file}.bak`, 'utf8')).conversations)).toEqual(['old', 'a']);
  expect((await readdir(workspace.data)).filter((name) => name.startsWith('sessions.json.bak')).length).toBe(
    3,
  );
});

verifies(
  ['store.damaged', 'store.disk'],
  'answers 503 while sessions.json cannot be written, and keeps nothing of what it refused',
  async () => {
    const workspace = await createWorkspace();
    const api = await startTestApi();
    const file = join(workspace.data, 'sessions.json');
    const server = await startServerProcess(workspace, serverEnv(workspace, api));
    await server.post('/api/conversations', { id: 'a' });
    await rename(file, `${file}.away`);
    await mkdir(join(file, 'x'), { recursive: true });
    const refused = await server.post('/api/conversations', { id: 'b' });
    expect([refused.status, await refused.json()]).toEqual([
      503,
      expect.objectContaining({
        code: 'storage_unavailable',
        detail: expect.stringContaining('sessions.json is a folder'),
      }),
    ]);
    await rm(file, { recursive: true });
    expect((await server.post('/api/conversations', { id: 'c' })).status).toBe(201);
    expect(Object.keys(JSON.parse(await readFile(file, 'utf8')).conversations)).toEqual(['a', 'c']);
    expect((await server.post('/api/conversations', { id: 'b' })).status).toBe(201);
  },
);
