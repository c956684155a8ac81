import { spawnSync } from 'node:child_process';
import { appendFile, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { attributesOfPrograms, configOfPrograms, hookNames } from '../fixture/git-programs.ts';
import { type ServerProcess, startServerProcess } from '../helper/server-process.ts';
import { writeShellAgent } from '../helper/shell-agent.ts';
import { createWorkspace, serverEnv, testEnv, type Workspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

/** What the turn does, in a mode in which the agent may do nothing: it is the server that is on trial. */
const command = `printf 'two\\r\\n$Id$\\n' > a.txt; echo two > b.lfs; echo two > c.crlf; rm gone.txt; echo made > made.txt`;

const contents = {
  'a.txt': 'one\r\n$Id: kept $\n',
  'b.lfs': 'one\n',
  'c.crlf': 'one\nmixed\r\n',
  'gone.txt': 'gone\r\n',
};

type Traps = { workspace: Workspace; marks: string; run(name: string): string };

/** A program that leaves a mark with its name, and where it leaves it. */
async function setTraps(workspace: Workspace): Promise<Traps> {
  const marks = join(workspace.root, 'marks');
  await mkdir(marks);
  const trap = join(workspace.root, 'trap');
  await writeFile(trap, `#!/bin/sh\ntr '\\0' ' ' < /proc/$PPID/cmdline > ${marks}/"$1"\ncat\n`);
  await chmod(trap, 0o755);
  return { workspace, marks, run: (name) => `${trap} ${name}` };
}

function git({ workspace }: Traps, cwd: string, ...args: string[]): void {
  const done = spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
    cwd,
    env: testEnv(workspace),
    encoding: 'utf8',
  });
  expect(done.status, done.stderr).toBe(0);
}

async function writeHooks({ run }: Traps, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of hookNames) {
    await writeFile(join(folder, name), `#!/bin/sh\n${run(`hook ${name}`)}\n`);
    await chmod(join(folder, name), 0o755);
  }
}

/** A repository with a commit, all its files changed since then, so that git has to read them. */
async function makeRepository(traps: Traps, name: string): Promise<string> {
  const project = join(traps.workspace.root, name);
  await mkdir(project);
  git(traps, project, 'init', '-q', '-b', 'main');
  for (const [path, text] of Object.entries(contents))
    await writeFile(join(project, path), `committed\n${text}`);
  git(traps, project, 'add', '.');
  git(traps, project, 'commit', '-q', '-m', 'first');
  for (const [path, text] of Object.entries(contents)) await writeFile(join(project, path), text);
  return project;
}

async function arm(traps: Traps, project: string): Promise<void> {
  await writeFile(join(project, '.git/config'), configOfPrograms(traps.run));
  await writeFile(
    join(project, '.git/more-config'),
    `[core]\n\tfsmonitor = ${JSON.stringify(traps.run('include'))}\n`,
  );
  await writeFile(join(project, '.gitattributes'), attributesOfPrograms);
  await writeFile(join(project, '.git/info/attributes'), attributesOfPrograms);
  await writeFile(join(project, 'more-attributes'), attributesOfPrograms);
  await writeHooks(traps, join(project, '.git/hooks'));
  await writeHooks(traps, join(project, '.git/more-hooks'));
}

/** Each makes a project that would run something when git looks at it. */
const kinds: Record<string, (traps: Traps, name: string) => Promise<string>> = {
  async all(traps, name) {
    const project = await makeRepository(traps, name);
    await arm(traps, project);
    return project;
  },
  async 'a nested repository'(traps, name) {
    const project = await makeRepository(traps, name);
    const nested = await makeRepository(traps, join(name, 'nested'));
    git(traps, project, '-c', 'advice.addEmbeddedRepo=false', 'add', 'nested');
    await arm(traps, nested);
    return project;
  },
  async 'a linked worktree'(traps, name) {
    const main = await makeRepository(traps, `${name}-main`);
    const project = join(traps.workspace.root, name);
    git(traps, main, 'worktree', 'add', '-q', project);
    for (const [path, text] of Object.entries(contents)) await writeFile(join(project, path), text);
    await arm(traps, main);
    await appendFile(join(main, '.git/config'), '[extensions]\n\tworktreeConfig = true\n');
    await writeFile(
      join(main, '.git/worktrees', name, 'config.worktree'),
      `[core]\n\tfsmonitor = ${JSON.stringify(traps.run('worktree'))}\n`,
    );
    await writeFile(join(project, '.gitattributes'), attributesOfPrograms);
    return project;
  },
  /** A missing object is fetched from the remote, which can be a program. */
  async 'a partial clone'(traps, name) {
    const project = await makeRepository(traps, name);
    await arm(traps, project);
    await appendFile(
      join(project, '.git/config'),
      '[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = origin\n',
    );
    const listed = spawnSync('git', ['ls-tree', '-r', 'HEAD', 'a.txt'], {
      cwd: project,
      env: testEnv(traps.workspace),
      encoding: 'utf8',
    });
    const id = /blob ([0-9a-f]{40})/.exec(listed.stdout)?.[1] ?? '';
    spawnSync('rm', ['-f', join(project, '.git/objects', id.slice(0, 2), id.slice(2))]);
    return project;
  },
  async 'a .git file that names a hostile repository'(traps, name) {
    const project = await makeRepository(traps, name);
    await arm(traps, project);
    spawnSync('mv', [join(project, '.git'), join(project, 'repository')]);
    await writeFile(join(project, '.git'), 'gitdir: repository\n');
    return project;
  },
};

/** A list of files, a turn, a look at its changes, and the ways back and forth. */
async function handleTurn(
  server: ServerProcess,
  id: string,
  project: string,
  expectNoMark: () => Promise<void>,
): Promise<void> {
  await server.post('/api/conversations', { id, project, permission_mode: 'plan' });
  expect((await server.get(`/api/conversations/${id}/files?q=a`)).files, id).toContain('a.txt');
  await expectNoMark();
  const { turn_id } = await server.chat({ conv_id: id, message: command });
  await expectNoMark();
  const changes = await server.get(`/api/turns/${turn_id}/changes`);
  expect(
    changes.files.map(({ path }: { path: string }) => path),
    id,
  ).toEqual(['a.txt', 'b.lfs', 'c.crlf', 'gone.txt', 'made.txt']);
  expect((await server.post(`/api/turns/${turn_id}/undo`, {})).status, id).toBe(200);
  // To the byte, whatever attributes say of line ends, encodings and filters.
  for (const [path, text] of Object.entries(contents))
    expect(await readFile(join(project, path), 'utf8'), `${id} ${path}`).toBe(text);
  expect((await server.post(`/api/turns/${turn_id}/undo`, { redo: true })).status, id).toBe(200);
  expect(await readFile(join(project, 'a.txt'), 'utf8'), id).toBe('two\r\n$Id$\n');
}

verifies(
  'undo.hostile',
  'runs no program that a repository names, in its configuration, attributes or hooks',
  async () => {
    const workspace = await createWorkspace();
    const traps = await setTraps(workspace);
    const projects = await Promise.all(
      Object.entries(kinds).map(async ([kind, make], number) => ({
        kind,
        id: `k${number}`,
        project: await make(traps, `k${number}`),
      })),
    );
    for (const name of await readdir(traps.marks)) expect.fail(`the test itself ran ${name}`);
    const server = await startServerProcess(
      workspace,
      serverEnv(workspace, null, { CLAUDE_BIN: await writeShellAgent(workspace) }),
    );
    for (const { kind, id, project } of projects) {
      const expectNoMark = async () => {
        const marks = await readdir(traps.marks);
        const found = marks.map(
          async (name) => `${name} by ${await readFile(join(traps.marks, name), 'utf8')}`,
        );
        expect(await Promise.all(found), kind).toEqual([]);
      };
      await handleTurn(server, id, project, expectNoMark);
      await expectNoMark();
    }
  },
);
