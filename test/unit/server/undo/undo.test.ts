import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createUndoParts } from '../../../../server/undo/parts.ts';
import type { UndoRecord } from '../../../../server/undo/port.ts';
import { createUndo } from '../../../../server/undo/undo.ts';
import { createWorkspace, testEnv } from '../../../helper/workspace.ts';
import { verifies } from '../../../requirement/verifies.ts';

/** Undo without a server, and what it said. */
async function setUp(env: Record<string, string> = {}) {
  const workspace = await createWorkspace();
  const { project, data } = workspace;
  const records = new Map<string, UndoRecord>();
  const said: string[] = [];
  const say = (level: string) => (text: string) => void said.push(`${level}: ${text}`);
  const how = { folder: join(data, 'undo'), env: testEnv(workspace, env), now: () => new Date() };
  const undo = createUndo({
    ...createUndoParts(how),
    store: {
      add: (record) => void records.set(record.turn_id, record),
      setAfter: (id, after) => void records.set(id, { ...(records.get(id) as UndoRecord), after }),
      get: (id) => records.get(id) ?? null,
      beyond: () => [],
      remove: () => {},
    },
    warn: (_, text) => say('warn')(text),
    info: say('info'),
    debug: say('debug'),
    now: how.now,
  });
  const git = (...args: string[]) =>
    expect(spawnSync('git', args, { cwd: project, env: testEnv(workspace) }).status).toBe(0);
  const write = (path: string, text: string) => {
    mkdirSync(join(project, path, '..'), { recursive: true });
    writeFileSync(join(project, path), text);
  };
  let turns = 0;
  const turn = async (work: () => void): Promise<string> => {
    turns += 1;
    const id = `turn${turns}`;
    await undo.before(id, project);
    work();
    await undo.after(id);
    return id;
  };
  const changed = async (id: string) => (await undo.changes(id)).files.map(({ path }) => path);
  return { workspace, project, said, undo, git, write, turn, changed };
}

verifies('undo.refused', 'names what was put back and what could not be', async () => {
  const { project, undo, git, write, turn } = await setUp();
  git('init', '-q');
  write('.gitignore', 'ignored\n');
  write('a', 'before\n');
  write('d', 'before\n');
  const id = await turn(() => {
    write('a', 'after\n');
    rmSync(join(project, 'd'));
    write('d/made', 'after\n');
    write('d/ignored', 'in the way\n');
  });
  await expect(undo.apply(id, { redo: false })).rejects.toMatchObject({
    code: 'undo_incomplete',
    message: expect.stringMatching(/^Not put back: d[: (].*\. Put back: d\/made, a\.$/),
  });
  expect(readFileSync(join(project, 'a'), 'utf8')).toBe('before\n');
  expect(readFileSync(join(project, 'd/ignored'), 'utf8')).toBe('in the way\n');
  rmSync(join(project, 'd'), { recursive: true });
  expect(await undo.apply(id, { redo: false })).toMatchObject({ files: ['d'] });
});

verifies(
  'undo.turn',
  'leaves out what the person ignores, and nothing that git tracks or that was noted',
  async () => {
    const { workspace, project, undo, git, write, turn, changed } = await setUp();
    git('init', '-q');
    write('tracked.log', 'one\n');
    write('kept/tracked.tmp', 'one\n');
    git('add', '.');
    write('.gitignore', '*.log\nkept/\n');
    write('.git/info/exclude', '*.private\n');
    mkdirSync(join(workspace.home, '.config/git'), { recursive: true });
    writeFileSync(join(workspace.home, '.config/git/ignore'), '*.swp\n');
    write('noted', 'one\n');
    const id = await turn(() => {
      for (const path of [
        'tracked.log',
        'kept/tracked.tmp',
        'new.log',
        'kept/new',
        'a.private',
        'a.swp',
        'noted',
        'seen',
      ])
        write(path, 'two\n');
      write('.gitignore', '*.log\nkept/\nnoted\n');
    });
    expect(await changed(id)).toEqual(['.gitignore', 'kept/tracked.tmp', 'noted', 'seen', 'tracked.log']);
    await undo.apply(id, { redo: false });
    expect(
      ['noted', 'tracked.log', 'kept/tracked.tmp', 'kept/new'].map((path) =>
        readFileSync(join(project, path), 'utf8'),
      ),
    ).toEqual(['one\n', 'one\n', 'one\n', 'two\n']);
    expect(existsSync(join(project, 'seen'))).toBe(false);
  },
);

test('logs at most one line, at debug level, if git is not installed', async () => {
  const { project, said, undo, git, turn } = await setUp({ PATH: '/nowhere' });
  await turn(() => {});
  expect(said).toEqual([]);
  git('init', '-q');
  const id = await turn(() => {});
  await turn(() => {});
  expect(said).toEqual([expect.stringMatching(/^debug: git cannot be run/)]);
  await expect(undo.changes(id)).rejects.toMatchObject({
    code: 'nothing_to_undo',
    message: expect.stringContaining('git cannot be started'),
  });
  expect(existsSync(join(project, '.git'))).toBe(true);
});
