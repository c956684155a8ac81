import { realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { AppError } from '../app-error.ts';

/**
 * Resolves a project folder to its real path. Links are resolved first, so that none leads out of the
 * allowed roots. Throws AppError `project_not_found` or `project_not_allowed`, naming `project`.
 */
export type ResolveProject = (path: string) => Promise<string>;

export function createProjectGuard(roots: readonly string[], home = homedir()): ResolveProject {
  return async function resolveProject(given) {
    const path = given === '~' || given.startsWith('~/') ? home + given.slice(1) : given;
    if (!isAbsolute(path) || path.includes('\0')) {
      throw new AppError(
        'project_not_found',
        `project: ${JSON.stringify(given)} is not an absolute folder.`,
        { field: 'project' },
      );
    }
    const real = await realpath(path).catch(() => null);
    // A folder outside of the roots is refused whether or not it exists: the answer must not tell which.
    const allowed = await isUnderAny(real ?? resolve(path), roots);
    if (!allowed)
      throw new AppError('project_not_allowed', `project: ${path} is not under one of PROJECT_ROOTS.`, {
        field: 'project',
      });
    if (real === null || !(await stat(real)).isDirectory()) {
      throw new AppError('project_not_found', `project: ${path} is not an existing folder.`, {
        field: 'project',
      });
    }
    return real;
  };
}

async function isUnderAny(path: string, roots: readonly string[]): Promise<boolean> {
  for (const root of roots) {
    const real = await realpath(root).catch(() => null);
    for (const base of real === null ? [] : [real, resolve(root)]) {
      const way = relative(base, path);
      if (way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))) return true;
    }
  }
  return false;
}
