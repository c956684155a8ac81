import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type ServerProcess, startServerProcess } from '../helper/server-process.ts';
import { writeShellAgent } from '../helper/shell-agent.ts';
import { createWorkspace, serverEnv, type Workspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const bytes = Buffer.from([1, 2, 3, 0]).toString('base64');

type Stage = { workspace: Workspace; env: Record<string, string>; server: ServerProcess };

async function startWithShellAgent(): Promise<Stage> {
  const workspace = await createWorkspace();
  const env = serverEnv(workspace, null, { CLAUDE_BIN: await writeShellAgent(workspace) });
  return { workspace, env, server: await startServerProcess(workspace, env) };
}

type Problem = { status: number; code?: string; detail?: string; [field: string]: unknown };

/** A project that is a repository, and a folder beside it that nothing may touch. */
async function makeProject(
  { workspace, env }: Stage,
  name: string,
): Promise<{ project: string; outside: string; git(...args: string[]): void }> {
  const project = join(workspace.root, name);
  const outside = join(workspace.root, `${name}-outside`);
  await mkdir(project);
  await mkdir(join(outside, 'deep'), { recursive: true });
  for (const path of ['victim.txt', 'deep/victim.txt', 'victim.rc'])
    await writeFile(join(outside, path), 'precious\n');
  const git = (...args: string[]) => expect(spawnSync('git', args, { cwd: project, env }).status).toBe(0);
  git('init', '-q');
  return { project, outside, git };
}

async function expectUntouched(outside: string): Promise<void> {
  expect((await readdir(outside, { recursive: true })).sort()).toEqual([
    'deep',
    'deep/victim.txt',
    'victim.rc',
    'victim.txt',
  ]);
  for (const path of ['victim.txt', 'deep/victim.txt', 'victim.rc'])
    expect(await readFile(join(outside, path), 'utf8')).toBe('precious\n');
}

verifies(
  'undo.hostile',
  'undoes nothing through a link that took the place of a folder, and looks at no other work tree',
  async () => {
    const built = await startWithShellAgent();
    const { server } = built;
    const turn = async (name: string, project: string, command: string): Promise<string> => {
      await server.post('/api/conversations', { id: name, project, permission_mode: 'plan' });
      const { turn_id } = await server.chat({ conv_id: name, message: command });
      await server.get(`/api/turns/${turn_id}/changes`); // Answered when the end of the turn is noted.
      return turn_id;
    };
    const undo = async (turnId: string, body: object): Promise<Problem> => {
      const response = await server.post(`/api/turns/${turnId}/undo`, body);
      return { ...((await response.json()) as object), status: response.status };
    };

    {
      const { project, outside } = await makeProject(built, 'removed');
      const made = await turn(
        'removed',
        project,
        'mkdir -p n/deep; echo made > n/victim.txt; echo made > n/deep/victim.txt',
      );
      expect((await server.get(`/api/turns/${made}/changes`)).files).toHaveLength(2);
      await rename(join(project, 'n'), join(project, 'aside'));
      await symlink(outside, join(project, 'n'));
      for (const path of ['n/victim.txt', 'n/deep/victim.txt']) {
        expect(await undo(made, { files: [path] })).toMatchObject({
          status: 409,
          code: 'files_changed',
          detail: expect.stringContaining(path),
        });
      }
      await undo(made, {});
      await expectUntouched(outside);
      // One level below as well.
      await rm(join(project, 'n'));
      await mkdir(join(project, 'n'));
      await symlink(join(outside, 'deep'), join(project, 'n/deep'));
      expect(await undo(made, { files: ['n/deep/victim.txt'] })).toMatchObject({
        status: 409,
        code: 'files_changed',
      });
      await expectUntouched(outside);
      // Nor is anything outside read: what is shown is the link.
      const changes = await server.get(`/api/turns/${made}/changes`);
      expect(changes.diff).not.toContain('precious');
      expect(
        (await server.get('/api/conversations/removed/files?q=victim')).files.filter((path: string) =>
          path.startsWith('n/'),
        ),
      ).toEqual([]);
    }
    {
      const { project, outside } = await makeProject(built, 'written');
      await mkdir(join(project, 'n/deep'), { recursive: true });
      for (const path of ['n/victim.txt', 'n/deep/victim.txt', 'n/deep/new.txt'])
        await writeFile(join(project, path), 'before\n');
      const removed = await turn('written', project, 'rm -r n');
      await symlink(outside, join(project, 'n'));
      expect(await undo(removed, {})).toMatchObject({
        status: 409,
        code: 'files_changed',
        detail: expect.stringContaining('n/victim.txt'),
      });
      await expectUntouched(outside);
      await rm(join(project, 'n'));
      expect((await undo(removed, {})).status).toBe(200);
      expect(await readFile(join(project, 'n/deep/new.txt'), 'utf8')).toBe('before\n');
    }
    {
      // A link that the turn itself made is undone as a link, and the folder comes back in its place.
      const { project, outside } = await makeProject(built, 'linked');
      await mkdir(join(project, 'n'));
      await writeFile(join(project, 'n/victim.txt'), 'before\n');
      const linked = await turn('linked', project, `rm -r n; ln -s ${outside} n`);
      expect((await undo(linked, {})).status).toBe(200);
      expect(await readFile(join(project, 'n/victim.txt'), 'utf8')).toBe('before\n');
      expect((await undo(linked, { redo: true })).status).toBe(200);
      expect((await lstat(join(project, 'n'))).isSymbolicLink()).toBe(true);
      await expectUntouched(outside);
    }
    for (const kind of ['absolute', 'relative', 'config.worktree', 'linked .git', '.git file']) {
      const name = `tree-${kind.replace(/\W/g, '')}`;
      const { project, outside, git } = await makeProject(built, name);
      if (kind === 'absolute') git('config', 'core.worktree', outside);
      if (kind === 'relative') git('config', 'core.worktree', `../../${name}-outside`);
      if (kind === 'config.worktree') {
        git('config', 'extensions.worktreeConfig', 'true');
        await writeFile(join(project, '.git/config.worktree'), `[core]\n\tworktree = ${outside}\n`);
      }
      if (kind === 'linked .git') {
        await rename(join(project, '.git'), join(project, 'repository'));
        await symlink('repository', join(project, '.git'));
      }
      if (kind === '.git file') {
        await rename(join(project, '.git'), join(built.workspace.root, `${name}.git`));
        await writeFile(join(project, '.git'), `gitdir: ../${name}.git\n`);
        spawnSync('git', [
          'config',
          '--file',
          join(built.workspace.root, `${name}.git/config`),
          'core.worktree',
          outside,
        ]);
      }
      const ran = await turn(name, project, `echo changed > ${outside}/victim.txt`);
      for (const answer of [await server.get(`/api/turns/${ran}/changes`), await undo(ran, {})]) {
        expect(answer, kind).toMatchObject({
          code: 'nothing_to_undo',
          detail: expect.stringContaining(project),
        });
      }
      expect(await readFile(join(outside, 'victim.txt'), 'utf8'), kind).toBe('changed\n');
      expect(
        built.server
          .output()
          .split('\n')
          .filter((line) => line.includes('cannot be undone') && line.includes(project)),
        kind,
      ).toHaveLength(1);
    }
  },
);

verifies('undo.hostile', 'puts attachments into no folder that a link leads to', async () => {
  const built = await startWithShellAgent();
  const { server } = built;
  const send = async (name: string, project: string): Promise<Problem> => {
    await server.post('/api/conversations', { id: name, project, permission_mode: 'plan' });
    const attachments = [{ name: 'data.bin', data: bytes }];
    const response = await server.post('/api/chat', { conv_id: name, message: 'true', attachments });
    return { ...((await response.json()) as object), status: response.status };
  };
  const links: Record<string, (project: string, outside: string) => Promise<void>> = {
    itself: (project, outside) => symlink(outside, join(project, '.switchboard')),
    dangling: (project, outside) => symlink(join(outside, 'new'), join(project, '.switchboard')),
    async uploads(project, outside) {
      await mkdir(join(project, '.switchboard'));
      await symlink(outside, join(project, '.switchboard/uploads'));
    },
    async file(project) {
      await writeFile(join(project, '.switchboard'), 'a file');
    },
  };
  for (const [name, make] of Object.entries(links)) {
    const { project, outside } = await makeProject(built, name);
    await make(project, outside);
    expect(await send(name, project), name).toMatchObject({
      code: 'attachment_refused',
      detail: expect.stringContaining('.switchboard'),
    });
    await expectUntouched(outside);
  }
  for (const target of ['victim.rc', 'new.rc']) {
    const { project, outside } = await makeProject(built, `ignore-${target}`);
    await mkdir(join(project, '.switchboard'));
    await symlink(
      join('../..', `ignore-${target}-outside`, target),
      join(project, '.switchboard/.gitignore'),
    );
    const answer = await send(`ignore-${target}`, project);
    expect(answer, target).toMatchObject({ status: 200, success: true });
    expect(existsSync(join(project, '.switchboard/uploads', String(answer['turn_id']), 'data.bin'))).toBe(
      true,
    );
    await expectUntouched(outside);
  }
});
