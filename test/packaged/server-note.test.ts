import { chownSync, mkdirSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { runCli } from '../helper/cli.ts';
import { freePort, startServerProcess } from '../helper/server-process.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, serverEnv, type Workspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const noteOf = ({ home }: Workspace) => join(home, '.local', 'state', 'switchboard', 'server.json');
const readNote = async (workspace: Workspace) => JSON.parse(await readFile(noteOf(workspace), 'utf8'));

verifies('cli.server', 'finds the server again after a crash and a start on the same port', async () => {
  const workspace = await createWorkspace();
  const env = serverEnv(workspace, null, { PORT: String(await freePort()) });
  const first = await startServerProcess(workspace, env);
  const stale = await readNote(workspace);
  await first.kill();
  const gone = await runCli(workspace, ['status']);
  expect(gone).toMatchObject({
    code: 1,
    words: expect.stringContaining(`from an earlier run (pid ${first.child.pid}, gone)`),
  });
  expect((await runCli(workspace, ['doctor'])).out).toContain(
    `from an earlier run (pid ${first.child.pid}, gone)`,
  );
  const second = await startServerProcess(workspace, env);
  expect(await runCli(workspace, ['status'])).toMatchObject({
    code: 0,
    out: expect.stringContaining(second.url),
  });
  expect(await readNote(workspace)).not.toMatchObject({ token: stale.token });

  // While it runs the note is removed, or an older one is put back: it is written again.
  await rm(noteOf(workspace));
  await until('the note', async () => (await runCli(workspace, ['status'])).code === 0);
  await writeFile(noteOf(workspace), JSON.stringify(stale));
  const wrong = await runCli(workspace, ['status']);
  if (wrong.code !== 0) expect(wrong.words).toContain('from an earlier run');
  await until('the note', async () => (await runCli(workspace, ['status'])).code === 0);
  await second.stop();
  await expect(stat(noteOf(workspace))).rejects.toThrow();

  // With another port, with a reused process id, from a version without instances, and none at all.
  const reused = { ...stale, pid: process.pid, url: `http://127.0.0.1:${await freePort()}` };
  const { instance: _, ...old } = stale;
  for (const note of [JSON.stringify(reused), JSON.stringify(old), '\0\0\0']) {
    await writeFile(noteOf(workspace), note);
    const server = await startServerProcess(workspace, env);
    expect([note, (await runCli(workspace, ['status'])).code]).toEqual([note, 0]);
    await server.kill();
  }
});

verifies('cli.server', 'reports an unusable note of the server, and starts anyway', async () => {
  const workspace = await createWorkspace();
  const file = noteOf(workspace);
  const env = serverEnv(workspace, null);
  await mkdir(join(file, 'something'), { recursive: true });
  const server = await startServerProcess(workspace, env);
  await until('the words', () => server.output().includes('server.json is a folder'));
  expect((await runCli(workspace, ['status'])).words).toContain('server.json is a folder');
  expect((await runCli(workspace, ['doctor'])).out).toContain('server.json is a folder');
  await rm(file, { recursive: true });
  await until('the note', async () => (await runCli(workspace, ['status'])).code === 0);
  await server.stop();
  await writeFile(file, 'nothing of use');
  expect((await runCli(workspace, ['status'])).words).toMatch(/server\.json .*is not a note of a server/);
});

verifies('cli.server', 'names the owner of a note that belongs to another user', async () => {
  const workspace = await createWorkspace();
  const file = noteOf(workspace);
  mkdirSync(dirname(file), { recursive: true });
  await writeFile(file, '{}');
  await chmod(file, 0o000);
  const isRoot = process.getuid?.() === 0;
  if (isRoot)
    for (const path of [workspace.root, workspace.home, workspace.project]) chownSync(path, 65534, 65534);
  const ran = await runCli(workspace, ['status'], isRoot ? { uid: 65534 } : {});
  expect(ran.words).toMatch(
    isRoot ? /server\.json belongs to another user \(root\)/ : /server\.json cannot be read/,
  );
});

verifies('cli.server', 'keeps two servers with separate data folders apart', async () => {
  const workspace = await createWorkspace();
  const first = await startServerProcess(workspace, serverEnv(workspace, null));
  const second = await startServerProcess(
    workspace,
    serverEnv(workspace, null, { SESSIONS_DIR: join(workspace.root, 'other') }),
  );
  expect(second.output()).toContain(`finds the server at ${first.url}`);
  expect((await runCli(workspace, ['status'])).out).toContain(first.url);
  await first.stop();
  // The other one takes the place of the first.
  await until('the other server', async () => (await runCli(workspace, ['status'])).out.includes(second.url));
  await second.stop();
  await expect(stat(noteOf(workspace))).rejects.toThrow();
});
