import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TurnChanges } from '../../contract/undo.ts';
import { AppError } from '../app-error.ts';
import { createMutex } from '../mutex.ts';
import { createGit, findTop, noNested } from './git.ts';
import type { Undo, UndoRecord, UndoStore } from './port.ts';

/** Of each work tree so many turns can be undone; the refs of older ones are removed. */
const keep = 100;

const maxDiff = 400_000;

const hopelessMs = 10 * 60_000;

const refOf = (turnId: string, when: 'before' | 'after') => `refs/switchboard/${turnId}/${when}`;

export type UndoDeps = {
  store: UndoStore;
  /** Where the indexes of ours are kept. */
  folder: string;
  env: Readonly<Record<string, string>>;
  warn(error: unknown, text: string): void;
  now(): Date;
};

/** Undo by git: a ref that nobody sees holds the whole work tree from before each turn, another one from after it. */
export function createUndo({ store, folder, env, warn, now }: UndoDeps): Undo {
  const git = createGit({ folder, env });
  /** Work trees whose files could not be noted, until when that is not tried again: no turn is to wait for it in vain. */
  const hopeless = new Map<string, number>();
  /** One at a time in a work tree: the end of a turn is noted before the next one begins. */
  const inTop = createMutex();

  async function prune(top: string): Promise<void> {
    for (const { turn_id } of store.beyond(top, keep)) {
      for (const when of ['before', 'after'] as const) await git.run(top, null, ['update-ref', '-d', refOf(turn_id, when)]).catch(() => {});
      store.remove(turn_id);
    }
  }

  function need(turnId: string): UndoRecord {
    const record = store.get(turnId);
    if (!record) throw new AppError('nothing_to_undo', `Of turn ${turnId} no files were noted.`);
    return record;
  }

  /** How a work tree was after a turn; while that runs, as it is now. */
  const afterOf = async ({ top, after }: UndoRecord): Promise<string> => after ?? git.tree(top);

  async function lines(top: string, before: string, after: string): Promise<Map<string, { added: number | null; removed: number | null }>> {
    const text = await git.run(top, null, ['diff-tree', '-r', '-z', '--numstat', '--no-renames', noNested, before, after]);
    const count = (value: string | undefined) => (value === undefined || value === '-' ? null : Number(value));
    const rows = text.split('\0').filter(Boolean);
    return new Map(
      rows.map((row) => {
        const [added, removed, ...path] = row.split('\t');
        return [path.join('\t'), { added: count(added), removed: count(removed) }];
      }),
    );
  }

  return {
    async before(turnId, project) {
      let top: string | null = null;
      try {
        top = await findTop(project);
        if (!top || (hopeless.get(top) ?? 0) > now().getTime()) return;
        const own = top;
        await inTop(own, async () => {
          const tree = await git.tree(own);
          await git.run(own, null, ['update-ref', refOf(turnId, 'before'), tree]);
          store.add({ turn_id: turnId, top: own, before: tree, after: null, at: now().toISOString() });
          await prune(own);
        });
      } catch (error) {
        if (top) hopeless.set(top, now().getTime() + hopelessMs);
        warn(error, 'the files before a turn could not be noted: it cannot be undone');
      }
    },
    async after(turnId) {
      try {
        const record = store.get(turnId);
        if (!record) return;
        await inTop(record.top, async () => {
          const tree = await git.tree(record.top);
          await git.run(record.top, null, ['update-ref', refOf(turnId, 'after'), tree]);
          store.setAfter(turnId, tree);
        });
      } catch (error) {
        warn(error, 'the files after a turn could not be noted');
      }
    },
    async changes(turnId) {
      const { top } = need(turnId);
      return inTop(top, async () => {
        // Read when its turn has come: the end of a turn that has just ended is noted before.
        const record = need(turnId);
        const { before } = record;
        const after = await afterOf(record);
        const [paths, counts, current] = await Promise.all([git.differ(top, before, after), lines(top, before, after), git.tree(top)]);
        const [had, has, moved, back] = await Promise.all([
          git.has(top, before, paths),
          git.has(top, after, paths),
          git.differ(top, after, current),
          git.differ(top, before, current),
        ]);
        const [isMoved, isOther] = [new Set(moved), new Set(back)];
        const files = paths.map((path): TurnChanges['files'][number] => ({
          path,
          status: !had.has(path) ? 'added' : has.has(path) ? 'modified' : 'deleted',
          ...(counts.get(path) ?? { added: null, removed: null }),
          now: !isMoved.has(path) ? 'as_left' : isOther.has(path) ? 'changed_since' : 'undone',
        }));
        const diff = paths.length
          ? await git.run(top, null, ['diff-tree', '-r', '-p', '--no-renames', '--no-ext-diff', '--no-textconv', noNested, before, after])
          : '';
        return { turn_id: turnId, top, files, diff: diff.slice(0, maxDiff), clipped: diff.length > maxDiff };
      });
    },
    async apply(turnId, { files, redo }) {
      const { top } = need(turnId);
      return inTop(top, async () => {
        const { before, after } = need(turnId);
        // As it is now it cannot be told from what was changed since.
        if (!after) throw new AppError('nothing_to_undo', `How the files stood at the end of turn ${turnId} was not noted, or it still runs.`);
        const [from, to] = redo ? [before, after] : [after, before];
        const current = await git.tree(top);
        const [all, other, back] = await Promise.all([
          git.differ(top, before, after),
          git.differ(top, from, current).then((paths) => new Set(paths)),
          git.differ(top, to, current).then((paths) => new Set(paths)),
        ]);
        // What stands already as it is to stand was undone by itself before.
        const wanted = files ? all.filter((path) => files.includes(path)) : all.filter((path) => back.has(path));
        const unknown = files?.filter((path) => !all.includes(path)) ?? [];
        if (unknown.length) throw new AppError('nothing_to_undo', `The turn did not change ${unknown.slice(0, 5).join(', ')}.`, { field: 'files' });
        if (!wanted.length) {
          const why = all.length
            ? `All its files stand as they did ${redo ? 'after' : 'before'} it.`
            : 'The turn changed no file that git does not ignore.';
          throw new AppError('nothing_to_undo', why);
        }
        const changed = wanted.filter((path) => other.has(path) && back.has(path));
        if (changed.length) {
          const names = changed.slice(0, 10).join(', ');
          throw new AppError(
            'files_changed',
            `Since then these have changed: ${names}${changed.length > 10 ? ` and ${changed.length - 10} more` : ''}.`,
          );
        }
        const kept = await git.has(top, to, wanted);
        for (const path of wanted) if (!kept.has(path)) await removeFile(top, path);
        await git.write(top, to, [...kept]);
        return { turn_id: turnId, files: wanted };
      });
    },
  };
}

/** Removes a file, and the folders that are empty without it. */
async function removeFile(top: string, path: string): Promise<void> {
  await rm(join(top, path), { force: true });
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    try {
      await rmdir(join(top, folder));
    } catch {
      return; // There is more in it.
    }
  }
}
