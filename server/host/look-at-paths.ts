import { lstat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isObeyedName } from '../prompt/obeyed.ts';
import { followPath, resolveFile } from './resolve-file.ts';

/** No project has folders that are nested deeper. */
const maxDepth = 64;

/** What the paths of a call lead to, with links followed: out of the project, or to a file that a program obeys. */
export type Sight = { outside: boolean; obeyed: boolean };

/** What a call names; see `server/prompt/paths.ts`. */
type Named = { named: readonly string[]; words: readonly string[]; written: readonly string[] };

const isThere = async (path: string) => (await lstat(path).catch(() => null)) !== null;

const isOutside = (path: string, project: string) => /^\.\.(\/|$)/.test(relative(project, path));

/** Devices that every command may use. */
const isHarmless = (path: string) => /^\/dev\/(null|stdin|stdout|stderr|tty)$/.test(path);

/** Where the paths of a call lead. What cannot be followed counts as outside. */
export async function lookAtPaths({ named, words, written }: Named, project: string): Promise<Sight> {
  const root = await resolveFile(project, '/').catch(() => project);
  const sight: Sight = { outside: false, obeyed: false };
  const look = async (path: string, follow: (path: string, project: string) => Promise<string>) => {
    if (isHarmless(path)) return;
    const real = path.startsWith('~') ? null : await follow(path, project).catch(() => null);
    if (real === null || isOutside(real, root)) sight.outside = true;
    if (!written.includes(path)) return;
    const plain = relative(project, join(path.startsWith('/') ? '/' : project, path));
    const isNamed = isObeyedName(plain.startsWith('../') ? path : plain);
    if (isNamed || (real !== null && (await isObeyedFile(real, root)))) sight.obeyed = true;
  };
  for (const path of named) {
    await look(path, resolveFile);
    await look(path, followPath);
  }
  for (const path of words) await look(path, followPath);
  return sight;
}

/**
 * Whether a program obeys or runs what stands in a file: by its name, because it may be executed, or because it lies
 * in a git folder of another name. `file` has its links resolved, and so has `project`.
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
