import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { openDatabase } from '../../server/store/database.ts';
import { createUndoStore } from '../../server/store/undo-store.ts';
import { createUndoParts } from '../../server/undo/parts.ts';
import { createUndo } from '../../server/undo/undo.ts';
import { startTestServer, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, testEnv, type Workspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

function git({ project, ...workspace }: Workspace, ...args: string[]): string {
  const identity = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@b',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@b',
  };
  const done = spawnSync('git', args, {
    cwd: project,
    encoding: 'utf8',
    env: testEnv({ project, ...workspace }, identity),
  });
  expect(done.status, done.stderr).toBe(0);
  return done.stdout;
}

/** A server whose project is a git work tree with a few files, some of them not committed. */
async function startWithGit(): Promise<
  TestServer & { at(path: string): string; read(path: string): Promise<string> }
> {
  const server = await startTestServer({ env: { ALLOWED_TOOLS: 'Bash' } });
  const { workspace } = server;
  const at = (path: string) => join(workspace.project, path);
  git(workspace, 'init', '-q', '-b', 'main');
  await mkdir(at('sub'));
  await writeFile(at('.gitignore'), 'ignored\n');
  await writeFile(at('kept.txt'), 'one\ntwo\n');
  await writeFile(at('sub/gone.txt'), 'to be deleted\n');
  await writeFile(at('run.sh'), '#!/bin/sh\n');
  await chmod(at('run.sh'), 0o755);
  git(workspace, 'add', '.');
  git(workspace, 'commit', '-q', '-m', 'first');
  await writeFile(at('staged.txt'), 'staged\n');
  git(workspace, 'add', 'staged.txt');
  await writeFile(at('untracked ü.txt'), 'not committed\n');
  await writeFile(at('ignored'), 'ignored before\n');
  return { ...server, at, read: (path) => readFile(at(path), 'utf8') };
}

const script =
  'printf "one\\nchanged\\n" > kept.txt; rm -r sub; mkdir -p new/deep; echo made > new/deep/file.txt; echo more >> "untracked ü.txt"; chmod -x run.sh; echo x > ignored; ln -s kept.txt link';

verifies(
  'undo.turn',
  'restores the files from before a turn and from after it, and touches neither branch, index nor stash',
  async () => {
    const server = await startWithGit();
    const { workspace, at, read } = server;
    const before = [
      git(workspace, 'status', '--porcelain'),
      git(workspace, 'log', '--oneline'),
      git(workspace, 'stash', 'list'),
      git(workspace, 'diff', '--cached'),
    ];
    const { turn_id } = await server.chat({ conv_id: 'a', message: `[[tool:Bash ${script}]]` });
    const changed = git(workspace, 'status', '--porcelain');
    const changes = await server.get(`/api/turns/${turn_id}/changes`);
    expect(
      changes.files.map(({ path, status, now }: { path: string; status: string; now: string }) => [
        path,
        status,
        now,
      ]),
    ).toEqual([
      ['kept.txt', 'modified', 'as_left'],
      ['link', 'added', 'as_left'],
      ['new/deep/file.txt', 'added', 'as_left'],
      ['run.sh', 'modified', 'as_left'],
      ['sub/gone.txt', 'deleted', 'as_left'],
      ['untracked ü.txt', 'modified', 'as_left'],
    ]);
    expect(changes.files[0]).toMatchObject({ added: 1, removed: 1 });
    expect(changes.diff).toContain('-two\n+changed\n');
    const undone = await server.post(`/api/turns/${turn_id}/undo`, {});
    expect((await undone.json()).files).toHaveLength(6);
    expect([
      await read('kept.txt'),
      await read('sub/gone.txt'),
      await read('untracked ü.txt'),
      await read('ignored'),
    ]).toEqual(['one\ntwo\n', 'to be deleted\n', 'not committed\n', 'x\n']);
    expect((await stat(at('run.sh'))).mode & 0o111).toBe(0o111);
    await expect(stat(at('new'))).rejects.toThrow();
    expect([
      git(workspace, 'status', '--porcelain'),
      git(workspace, 'log', '--oneline'),
      git(workspace, 'stash', 'list'),
      git(workspace, 'diff', '--cached'),
    ]).toEqual(before);
    expect(
      (await server.get(`/api/turns/${turn_id}/changes`)).files.every(
        ({ now }: { now: string }) => now === 'undone',
      ),
    ).toBe(true);
    // Undone already, there is nothing that the turn has left.
    expect((await (await server.post(`/api/turns/${turn_id}/undo`, {})).json()).code).toBe('nothing_to_undo');
    expect((await server.post(`/api/turns/${turn_id}/undo`, { redo: true })).status).toBe(200);
    expect(git(workspace, 'status', '--porcelain')).toBe(changed);
    expect(await read('new/deep/file.txt')).toBe('made\n');
  },
);

verifies('undo.refused', 'touches nothing if files have changed since, and undoes single files', async () => {
  const server = await startWithGit();
  const { at, read } = server;
  const { turn_id } = await server.chat({
    conv_id: 'a',
    message: '[[tool:Bash echo a > a.txt; echo b > b.txt; echo c > kept.txt]]',
  });
  await until('its end', async () => (await server.get(`/api/turns/${turn_id}/changes`)).files.length === 3);
  await writeFile(at('a.txt'), 'by hand\n');
  const refused = await server.post(`/api/turns/${turn_id}/undo`, {});
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({
    code: 'files_changed',
    detail: expect.stringContaining('a.txt'),
  });
  expect([await read('a.txt'), await read('b.txt'), await read('kept.txt')]).toEqual([
    'by hand\n',
    'b\n',
    'c\n',
  ]);
  expect((await server.post(`/api/turns/${turn_id}/undo`, { files: ['b.txt'] })).status).toBe(200);
  await expect(stat(at('b.txt'))).rejects.toThrow();
  expect(await read('kept.txt')).toBe('c\n');
  const states = Object.fromEntries(
    (await server.get(`/api/turns/${turn_id}/changes`)).files.map(
      ({ path, now }: { path: string; now: string }) => [path, now],
    ),
  );
  expect(states).toEqual({ 'a.txt': 'changed_since', 'b.txt': 'undone', 'kept.txt': 'as_left' });
  expect((await (await server.post(`/api/turns/${turn_id}/undo`, { files: ['no such'] })).json()).code).toBe(
    'nothing_to_undo',
  );
  // A file that was undone separately does not block the undo, nor the redo.
  await writeFile(at('a.txt'), 'a\n');
  const undo = async (body: object) => (await server.post(`/api/turns/${turn_id}/undo`, body)).json();
  expect(await undo({})).toMatchObject({ files: ['a.txt', 'kept.txt'] });
  expect(await read('kept.txt')).toBe('one\ntwo\n');
  expect(await undo({})).toMatchObject({ code: 'nothing_to_undo' });
  expect(await undo({ redo: true, files: ['b.txt'] })).toMatchObject({ files: ['b.txt'] });
  expect(await undo({ redo: true })).toMatchObject({ files: ['a.txt', 'kept.txt'] });
  expect([await read('a.txt'), await read('b.txt'), await read('kept.txt')]).toEqual(['a\n', 'b\n', 'c\n']);
  // A turn that runs is not undone under its own hands.
  const running = await server.accept('a', { message: '[[slow 20 100ms]]' });
  await until('it', async () => (await server.get('/api/conversations/a')).turn);
  expect((await (await server.post(`/api/turns/${turn_id}/undo`, { files: ['kept.txt'] })).json()).code).toBe(
    'conversation_busy',
  );
  await server.cancel(running.turn_id);
});

verifies(
  'undo.turn',
  'undoes at once when the answer is there, in several projects at a time, and leaves other repositories within as they are',
  async () => {
    const server = await startWithGit();
    const { workspace, at, read } = server;
    const inNested = (...args: string[]) => git({ ...workspace, project: at('nested') }, ...args);
    await mkdir(at('nested'));
    inNested('init', '-q');
    await writeFile(at('nested/x'), 'one\n');
    inNested('add', '.');
    inNested('commit', '-q', '-m', 'first');
    const nesting =
      'echo changed > kept.txt; echo two > nested/x; git -C nested -c user.name=a -c user.email=a@b commit -qam second; git init -q made; echo y > made/y; git clone -q nested cloned; echo b > b.txt';
    const undone = async (conv_id: string, project: string) => {
      await server.post('/api/conversations', { id: conv_id, project });
      const { turn_id } = await server.chat({ conv_id, message: `[[tool:Bash ${nesting}]]` });
      return (await server.post(`/api/turns/${turn_id}/undo`, {})).json();
    };
    expect(await undone('a', workspace.project)).toMatchObject({ files: ['b.txt', 'kept.txt'] });
    expect([
      await read('kept.txt'),
      await read('nested/x'),
      await read('cloned/x'),
      await read('made/y'),
    ]).toEqual(['one\ntwo\n', 'two\n', 'two\n', 'y\n']);
    await expect(stat(at('b.txt'))).rejects.toThrow();

    const others = await Promise.all(
      ['p', 'q', 'r'].map(async (name) => {
        const project = join(workspace.root, name);
        await mkdir(project);
        git({ ...workspace, project }, 'init', '-q');
        await writeFile(join(project, 'kept.txt'), `${name}\n`);
        await server.post('/api/conversations', { id: name, project });
        const { turn_id } = await server.chat({
          conv_id: name,
          message: '[[tool:Bash echo changed > kept.txt; echo b > b.txt]]',
        });
        return { name, project, turn_id };
      }),
    );
    for (const redo of [false, true, false]) {
      const answers = await Promise.all(
        others.map(({ turn_id }) => server.post(`/api/turns/${turn_id}/undo`, { redo })),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      for (const { name, project } of others)
        expect(await readFile(join(project, 'kept.txt'), 'utf8')).toBe(redo ? 'changed\n' : `${name}\n`);
    }
  },
);

verifies('undo.turn', 'keeps up to 100 turns of a work tree, and nothing of older ones', async () => {
  const workspace = await createWorkspace();
  git(workspace, 'init', '-q', '-b', 'main');
  const database = openDatabase(workspace.data);
  onTestFinished(() => database.dispose());
  const store = createUndoStore({ database });
  const parts = createUndoParts({
    folder: join(workspace.data, 'undo'),
    env: testEnv(workspace),
    now: () => new Date(),
  });
  const fail = (...said: unknown[]) => expect.fail(String(said));
  const undo = createUndo({ ...parts, store, warn: fail, info: fail, debug: fail, now: () => new Date() });
  for (let count = 0; count < 154; count += 1) {
    await writeFile(join(workspace.project, 'count'), `turn ${count}`);
    await undo.before(`turn${count}`, workspace.project);
    if (count < 60 || count === 153) await undo.after(`turn${count}`);
  }
  const repository = parts.folder.repositoryOf(workspace.project);
  const blobs = async (text: string) => {
    const id = createHash('sha1').update(`blob ${text.length}\0${text}`).digest('hex');
    return parts.git.run(repository, ['cat-file', '-e', id]).then(
      () => true,
      () => false,
    );
  };
  expect([
    await blobs('turn 0'),
    await blobs('turn 53'),
    await blobs('turn 54'),
    await blobs('turn 153'),
  ]).toEqual([false, false, true, true]);
  expect((await undo.changes('turn54')).files).toMatchObject([]);
  expect([store.get('turn53'), store.get('turn54')]).toMatchObject([null, { turn_id: 'turn54' }]);
  await expect(undo.changes('turn0')).rejects.toMatchObject({ code: 'nothing_to_undo' });
});

verifies('undo.refused', 'runs a turn anyway if no snapshot can be taken', async () => {
  const server = await startTestServer({ env: { ALLOWED_TOOLS: 'Bash' } });
  const outside = await server.chat({ conv_id: 'a', message: '[[tool:Bash touch x]][[text done]]' });
  expect(outside.response).toContain('done');
  expect((await (await server.send(`/api/turns/${outside.turn_id}/changes`)).json()).code).toBe(
    'nothing_to_undo',
  );
  // A repository that is none, a file that cannot be read, a link that leads nowhere.
  await writeFile(join(server.workspace.project, '.git'), 'gitdir: /nowhere\n');
  expect((await server.chat({ conv_id: 'a', message: '[[text two]]' })).response).toContain('two');
  // It is not tried again for a while: no turn waits for it.
  const after = await server.restart();
  await rm(join(server.workspace.project, '.git'));
  git(server.workspace, 'init', '-q');
  await symlink('/nowhere', join(server.workspace.project, 'broken'));
  await writeFile(join(server.workspace.project, 'huge'), '');
  await truncate(join(server.workspace.project, 'huge'), 30_000_000);
  const fresh = await after.chat({ conv_id: 'a', message: '[[tool:Bash echo y > y; echo z >> huge]]' });
  expect((await after.get(`/api/turns/${fresh.turn_id}/changes`)).files).toMatchObject([
    { path: 'y', status: 'added' },
  ]);
});
