import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * The files of the project that match the globs, with their text. Files that git ignores are left out.
 *
 * @param {string[]} globs
 */
export function readSourceFiles(globs) {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', ...globs];
  const { stdout } = spawnSync('git', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  return stdout
    .split('\n')
    .filter((path) => path && existsSync(path))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}
