import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createUndoParts } from '../../server/undo/parts.ts';
import type { UndoRecord } from '../../server/undo/port.ts';
import { createUndo } from '../../server/undo/undo.ts';
import { type Figure, formatMs, measureInTurn, measureTime, summarizePairs } from './figure.ts';
import type { Stage } from './stage.ts';

const execute = promisify(execFile);

const fileCount = 10_000;

/** Creates a work tree with one commit; returns a function that runs git in it. */
async function createWorkTree(top: string, env: Record<string, string>) {
  const git = (...args: string[]) =>
    execute('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: top,
      env,
      maxBuffer: 64_000_000,
    });
  for (let number = 0; number < fileCount; number += 1) {
    const folder = join(top, `folder-${number % 100}`);
    if (number < 100) await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `file-${number}.txt`), `line ${number}\n`.repeat(20));
  }
  await git('init', '-q');
  await git('add', '.');
  await git('commit', '-q', '-m', 'all');
  return git;
}

/** An undo whose records are in memory. */
function createTestUndo(folder: string, env: Record<string, string>) {
  const records = new Map<string, UndoRecord>();
  return createUndo({
    store: {
      add: (record) => void records.set(record.turn_id, record),
      setAfter: () => {},
      get: (id) => records.get(id) ?? null,
      beyond: () => [],
      remove: () => {},
    },
    ...createUndoParts({ folder, env, now: () => new Date() }),
    warn(_, text) {
      throw new Error(text);
    },
    info: () => {},
    debug: () => {},
    now: () => new Date(),
  });
}

/** The snapshot of a work tree before a turn, compared with `git status` of the same tree. */
export async function measureUndo(stage: Stage): Promise<Figure> {
  const top = join(stage.root, 'work-tree');
  const env = { PATH: String(process.env['PATH']), HOME: stage.root };
  const git = await createWorkTree(top, env);
  const undo = createTestUndo(join(stage.root, 'undo-data', 'undo'), env);
  // The first snapshot reads every file.
  await undo.before('first', top);
  let turn = 0;
  const pairs = await measureInTurn(
    9,
    async () => {
      turn += 1;
      await writeFile(join(top, 'folder-1', `new-${turn}.txt`), `turn ${turn}\n`);
      return measureTime(() => undo.before(`turn-${turn}`, top));
    },
    () => measureTime(() => git('status', '--porcelain')),
  );
  const { ours, floor, ratio } = summarizePairs(pairs);
  return {
    name: 'files noted before a turn, 10,000 of them / git status',
    value: formatMs(ours),
    floor: formatMs(floor),
    ratio,
    target: '<= 150 ms',
    ok: ours <= 150,
  };
}
