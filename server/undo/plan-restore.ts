import { AppError } from '../app-error.ts';
import { namesOf, type Restoration } from './restore.ts';
import type { Difference } from './trees.ts';

export type RestoreInput = {
  /** The files that the turn changed: from their state now expected to the state that is restored. */
  changes: readonly Difference[];
  /** Paths that differ from the expected state. */
  movedOn: ReadonlySet<string>;
  /** Paths that differ from the state that is restored, with what they are now (`from`). */
  pending: ReadonlyMap<string, Difference>;
  /** The requested files; undefined for all of them. */
  files: readonly string[] | undefined;
  redo: boolean;
};

/**
 * The files that an undo (or redo) covers; some of the requested ones may already be as they should be.
 * Throws AppError `nothing_to_undo` or `files_changed`.
 */
export function planRestore({ changes, movedOn, pending, files, redo }: RestoreInput): Restoration[] {
  const paths = changes.map(({ path }) => path);
  const known = new Set(paths);
  const unknown = files?.filter((path) => !known.has(path)) ?? [];
  if (unknown.length)
    throw new AppError('nothing_to_undo', `The turn did not change ${namesOf(unknown)}.`, { field: 'files' });
  // A file that is already restored was undone separately before.
  const wanted = paths.filter((path) => (files ? files.includes(path) : pending.has(path)));
  if (!wanted.length)
    throw new AppError(
      'nothing_to_undo',
      paths.length
        ? `All its files are as they were ${redo ? 'after' : 'before'} it.`
        : 'The turn changed no file that git does not ignore.',
    );
  const changed = wanted.filter((path) => movedOn.has(path) && pending.has(path));
  if (changed.length)
    throw new AppError('files_changed', `These have changed since then: ${namesOf(changed)}.`);
  const targets = new Map(changes.map(({ path, to }) => [path, to]));
  return wanted.map((path) => {
    const to = targets.get(path) ?? null;
    const current = pending.get(path);
    return { path, to, isThere: current ? current.from !== null : to !== null };
  });
}
