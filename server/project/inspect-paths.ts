import { lstat, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isObeyedName } from '../prompt/obeyed.ts';
import { isMissing } from '../util/file-error.ts';
import { followPath, resolveFile } from './resolve-file.ts';

/** No project has folders that are nested deeper. */
const maxDepth = 64;

/**
 * What the paths of a call lead to, with links followed: out of the project, or to a file that a program
 * obeys.
 */
export type Sight = {
  outside: boolean;
  obeyed: boolean;
  /** Where each path of the call leads; null if this cannot be found out. */
  targets: [path: string, real: string | null][];
};

/** What a call names; see `server/prompt/paths.ts`. */
type Named = {
  named: readonly string[];
  words: readonly string[];
  patterns: readonly string[];
  written: readonly string[];
  isCut: boolean;
};

/** More links than these that fit a pattern are not followed. */
const maxFits = 60;

const isThere = async (path: string) => (await lstat(path).catch(() => null)) !== null;

const isOutside = (path: string, project: string) => /^\.\.(\/|$)/.test(relative(project, path));

/** Devices that every command may use. */
const isHarmless = (path: string) => /^\/dev\/(null|stdin|stdout|stderr|tty)$/.test(path);

/**
 * The links that match the beginning of a pattern: a shell puts them in its place. Null if there are too many, or if
 * the folder cannot be read.
 */
async function linksLike(start: string, project: string): Promise<string[] | null> {
  const folder = start.slice(0, start.lastIndexOf('/') + 1);
  const real = await followPath(folder || '.', project).catch(() => null);
  const entries =
    real === null
      ? []
      : await readdir(real, { withFileTypes: true }).catch((error) => (isMissing(error) ? [] : null));
  if (entries === null) return null;
  const links = entries.filter(
    (entry) => entry.isSymbolicLink() && entry.name.startsWith(start.slice(folder.length)),
  );
  return links.length > maxFits ? null : links.map(({ name }) => folder + name).toSorted();
}

/**
 * Where the paths of a call lead. What cannot be followed, or was too much to look at, counts as outside and
 * as obeyed.
 */
export async function lookAtPaths(
  { named, words, patterns, written, isCut }: Named,
  project: string,
): Promise<Sight> {
  const root = await resolveFile(project, '/').catch(() => project);
  const sight: Sight = { outside: isCut, obeyed: isCut && written.length > 0, targets: [] };
  const look = async (
    path: string,
    follow: (path: string, project: string) => Promise<string>,
    mayWrite = written.includes(path),
  ) => {
    if (isHarmless(path)) return;
    const real = path.startsWith('~') ? null : await follow(path, project).catch(() => null);
    sight.targets.push([path, real]);
    if (real === null || isOutside(real, root)) sight.outside = true;
    if (!mayWrite) return;
    const plain = relative(project, join(path.startsWith('/') ? '/' : project, path));
    const isNamed = isObeyedName(plain.startsWith('../') ? path : plain);
    if (isNamed || (real !== null && (await isObeyedFile(real, root)))) sight.obeyed = true;
  };
  for (const path of named) {
    await look(path, resolveFile);
    await look(path, followPath);
  }
  for (const path of words) await look(path, followPath);
  for (const start of patterns) {
    if (start) await look(start, followPath);
    const links = await linksLike(start, project);
    if (links === null) sight.outside = true;
    for (const link of links ?? []) await look(link, followPath, written.includes(start));
  }
  return sight;
}

/**
 * Whether a program obeys or runs the content of a file: by its name, because it may be executed, or because
 * it lies in a git folder of another name. `file` has its links resolved, and so has `project`.
 */
async function isObeyedFile(file: string, project: string): Promise<boolean> {
  if (isObeyedName(isOutside(file, project) ? file : relative(project, file))) return true;
  const stats = await lstat(file).catch(() => null);
  if (stats?.isFile() && (stats.mode & 0o111) !== 0) return true;
  let folder = dirname(file);
  for (let depth = 0; depth < maxDepth && folder !== dirname(folder); depth += 1) {
    if ((await isThere(join(folder, 'HEAD'))) && (await isThere(join(folder, 'objects')))) return true;
    if (folder === project) break;
    folder = dirname(folder);
  }
  return false;
}
