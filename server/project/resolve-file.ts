import { lstat, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** As many links as Linux follows in one path. */
const maxLinks = 40;

/**
 * The path of a file with all links resolved, as tools see it that take `..` off first. It need not exist.
 */
export const resolveFile = (path: string, project: string): Promise<string> =>
  followPath(resolve(project, path), '/');

/**
 * The path of a file with all links resolved, as the system sees it: `..` leads to the parent of what a link
 * leads to. A link to what does not exist is followed too: who writes there makes it. Rejects if links lead
 * in a circle.
 */
export async function followPath(path: string, project: string): Promise<string> {
  const steps = (path.startsWith('/') ? path : `${project}/${path}`).split('/').toReversed();
  let at = '/';
  let links = 0;
  while (steps.length) {
    const step = steps.pop();
    if (!step || step === '.') continue;
    if (step === '..') {
      at = dirname(at);
      continue;
    }
    const next = join(at, step);
    const target = await targetOf(next);
    if (target === null) at = next;
    else if (++links > maxLinks) throw new Error(`too many links in ${path}`);
    else {
      steps.push(...target.split('/').toReversed());
      if (target.startsWith('/')) at = '/';
    }
  }
  return at;
}

async function targetOf(path: string): Promise<string | null> {
  const stats = await lstat(path).catch(() => null);
  return stats?.isSymbolicLink() ? readlink(path) : null;
}
