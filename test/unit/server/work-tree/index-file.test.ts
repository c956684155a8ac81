import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { trackedNames } from '../../../../server/work-tree/index-file.ts';
import { findRepository, readTracked } from '../../../../server/work-tree/repository.ts';
import { createWorkspace, testEnv } from '../../../helper/workspace.ts';

const files = [
  'a',
  'dir/b',
  'dir/sub/c',
  'ü',
  `${'long/'.repeat(20)}name`,
  'dir/bb',
  'exec',
  '1234567',
  '12345678',
  '123456789',
];

test('reads the names in every version of the index of git', async () => {
  const workspace = await createWorkspace();
  const { project } = workspace;
  const git = (...args: string[]) => {
    const done = spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: project,
      env: testEnv(workspace),
      encoding: 'utf8',
    });
    expect(done.status, done.stderr).toBe(0);
  };
  for (const hash of ['sha1', 'sha256']) {
    spawnSync('rm', ['-rf', join(project, '.git')]);
    git('init', '-q', `--object-format=${hash}`);
    for (const file of files) {
      mkdirSync(join(project, dirname(file)), { recursive: true });
      writeFileSync(join(project, file), file);
    }
    git('add', '.');
    git('commit', '-q', '-m', 'first');
    const names = () =>
      readTracked({ top: project, gitFolder: { root: project, prefix: '.git/' }, commonFolder: null });
    for (const version of ['2', '4', '3']) {
      if (version === '3') git('update-index', '--skip-worktree', 'a');
      git('update-index', '--index-version', version);
      expect((await names()).sort(), `${hash} ${version}`).toEqual([...files].sort());
    }
    if (hash === 'sha256') continue;
    git('update-index', '--split-index');
    writeFileSync(join(project, 'late'), '');
    git('add', 'late');
    expect((await names()).sort()).toEqual([...files, 'late'].sort());
    git('update-index', '--no-split-index');
    const data = readFileSync(join(project, '.git/index'));
    for (let end = 0; end < 700; end += 7) expect(trackedNames(data.subarray(0, end)) ?? []).toEqual([]);
    spawnSync('rm', [join(project, 'late')]);
  }
});

test('accepts a repository only if its configuration names this work tree', async () => {
  const workspace = await createWorkspace();
  const { root, project } = workspace;
  const git = (cwd: string, ...args: string[]) => {
    const done = spawnSync(
      'git',
      ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'protocol.file.allow=always', ...args],
      {
        cwd,
        env: testEnv(workspace),
        encoding: 'utf8',
      },
    );
    expect(done.status, done.stderr).toBe(0);
  };
  const values = async (text: Buffer) =>
    [...text.toString().matchAll(/worktree = (.*)/g)].map((found) => found[1] as string);
  const find = (folder: string) => findRepository(folder, values);
  expect(await find(project)).toBe(null);
  mkdirSync(join(project, '.git'));
  expect(await find(project)).toBe(null);
  git(project, 'init', '-q');
  writeFileSync(join(project, 'a'), '');
  git(project, 'add', '.');
  git(project, 'commit', '-q', '-m', 'first');
  mkdirSync(join(project, 'sub/folder'), { recursive: true });
  expect(await find(join(project, 'sub/folder'))).toMatchObject({ top: project });
  const worktree = join(root, 'worktree');
  git(project, 'worktree', 'add', '-q', worktree);
  expect(await find(worktree)).toMatchObject({
    top: worktree,
    commonFolder: { root: join(project, '.git') },
  });
  git(project, 'submodule', '--quiet', 'add', project, 'module');
  const submodule = join(project, 'module');
  expect(await find(submodule)).toMatchObject({
    top: submodule,
    gitFolder: { root: join(project, '.git/modules/module') },
  });
  const apart = join(root, 'apart');
  mkdirSync(apart);
  git(apart, 'init', '-q', `--separate-git-dir=${join(root, 'apart.git')}`);
  expect(await find(apart)).toEqual({ top: apart, gitFolder: null, commonFolder: null });

  const stranger = join(root, 'stranger');
  mkdirSync(stranger);
  const pointTo = (text: string) => writeFileSync(join(stranger, '.git'), text);
  for (const text of [
    'gitdir: /nowhere\n',
    'nothing',
    `gitdir: ${join(project, '.git/worktrees/worktree')}\n`,
    `gitdir: ${join(project, '.git/modules/module')}\n`,
  ]) {
    pointTo(text);
    await expect(find(stranger), text).rejects.toThrow(stranger);
  }
  for (const file of ['config', 'config.worktree']) {
    git(project, 'config', '--file', join(project, '.git', file), 'core.worktree', root);
    await expect(find(project)).rejects.toThrow(`core.worktree is ${root}`);
    git(project, 'config', '--file', join(project, '.git', file), 'core.worktree', '..');
    expect(await find(project)).toMatchObject({ top: project });
  }
});
