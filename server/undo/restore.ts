import { AppError } from '../app-error.ts';
import type { Git } from '../git/git.ts';
import { removeFile, statFile, writeFile, writeLink } from '../project-file/file.ts';
import { isGitName, ProjectFileError } from '../project-file/path.ts';
import { foldersAbove } from '../work-tree/walk.ts';
import { readBlobs, type TreeFile } from './trees.ts';

/** A path and its target: a file of a tree, or nothing. */
export type Restoration = { path: string; to: TreeFile | null; isThere: boolean };

const maxNamed = 10;

/** The first of some names, and how many more there are. */
export const namesOf = (paths: readonly string[]) =>
  paths.slice(0, maxNamed).join(', ') +
  (paths.length > maxNamed ? ` and ${paths.length - maxNamed} more` : '');

/**
 * Checks that each path can be reached without following a link and is free. Throws AppError `files_changed`,
 * naming the ones that are not; touches nothing.
 */
export async function checkReach(top: string, files: readonly Restoration[]): Promise<void> {
  const removed = new Set(files.filter(({ to }) => !to).map(({ path }) => path));
  const emptied = foldersAbove(removed);
  const refused: string[] = [];
  for (const { path, isThere } of files) {
    try {
      if (path.split('/').some(isGitName)) throw new Error(`${path}: git's own files are not touched`);
      const found = await statFile(top, path);
      const isInTheWay = found !== null && !isThere && !(found.isDirectory() && emptied.has(path));
      if (isInTheWay) throw new Error(`${path}: something that was not noted is there`);
    } catch (error) {
      // A file or link that goes first makes room for the folder of this one.
      if (error instanceof ProjectFileError && removed.has(error.path) && error.path !== path) continue;
      refused.push(describe(path, error));
    }
  }
  if (refused.length) throw new AppError('files_changed', `These cannot be put back: ${namesOf(refused)}.`);
}

/** Names what is wrong, which may be a folder above the file. */
function describe(path: string, error: unknown): string {
  const { message } = error as Error;
  return message.startsWith(`${path}:`) ? message : `${path} (${message})`;
}

/**
 * Writes files into a work tree. Throws AppError `undo_incomplete`, naming what was restored and what was
 * not.
 */
export async function restoreFiles(
  git: Git,
  repository: string,
  top: string,
  files: readonly Restoration[],
): Promise<void> {
  const wanted = files.flatMap(({ to }) => (to ? [to.id] : []));
  // All content is read before the first file is touched.
  const blobs = await readBlobs(git, repository, wanted);
  const done: string[] = [];
  const failed: string[] = [];
  // A folder can take the place of a file only when that is gone.
  for (const { path, to } of [...files.filter((file) => !file.to), ...files.filter((file) => file.to)]) {
    try {
      if (to === null) await removeFile(top, path);
      else if (to.mode === '120000') await writeLink(top, path, blobs.get(to.id) as Buffer);
      else await writeFile(top, path, blobs.get(to.id) as Buffer, { isExecutable: to.mode === '100755' });
      done.push(path);
    } catch (error) {
      failed.push(describe(path, error));
    }
  }
  if (!failed.length) return;
  throw new AppError(
    'undo_incomplete',
    `Not put back: ${namesOf(failed)}. Put back: ${done.length ? namesOf(done) : 'none'}.`,
  );
}
