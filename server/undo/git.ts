import { createHash } from 'node:crypto';
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ProgramError, runProgram } from '../child-process.ts';

/** Longer than this no turn waits for a step of noting its files. */
const patienceMs = 5_000;

/** A new file that is larger is left out: what git would keep of it would fill the disk. */
const maxNewBytes = 20_000_000;

/** A tree with so many new files is no project: most often a home folder. */
const maxNewFiles = 20_000;

const maxOutput = 64_000_000;

/** Other repositories in a work tree (submodules, clones) are left as they are. */
export const noNested = '--ignore-submodules=all';

/** Each work tree has indexes of its own: several are worked on at a time. */
const nameOf = (top: string) => createHash('sha1').update(top).digest('hex');

/** Where the `.git` of a folder is, without a process: most projects are asked for with each turn. Null where there is none. */
export async function findTop(folder: string): Promise<string | null> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (await stat(join(at, '.git')).catch(() => null)) return at;
    if (dirname(at) === at) return null;
  }
}

async function tooLarge(top: string, files: readonly string[]): Promise<string[]> {
  const sizes = await Promise.all(
    files.map((path) =>
      stat(join(top, path)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return files.filter((_, index) => Number(sizes[index]) > maxNewBytes);
}

/**
 * Git on a work tree by an index of our own: branch, index, stash and work tree stay as they are. What the person
 * has set (line ends, filters, what is ignored) holds.
 */
export function createGit({ folder, env }: { folder: string; env: Readonly<Record<string, string>> }) {
  // A GIT_DIR of whoever started the server is not that of the project.
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));

  async function run(top: string, index: string | null, args: readonly string[], input = ''): Promise<string> {
    const all = ['-c', 'core.hooksPath=/dev/null', '-c', 'gc.auto=0', '-c', 'core.quotePath=false', ...args];
    const quiet = { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
    const gitEnv = { ...own, ...quiet, ...(index ? { GIT_INDEX_FILE: index } : {}) };
    const options = { cwd: top, env: gitEnv, input, timeoutMs: patienceMs, maxBytes: maxOutput };
    return (await runProgram('git', all, options)).stdout;
  }

  const paths = (text: string) => text.split('\0').filter(Boolean);

  return {
    run,
    /** The whole work tree as git keeps it: untracked files too, ignored ones not. Gives the tree's id. */
    async tree(top: string): Promise<string> {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const index = join(folder, `${nameOf(top)}.index`);
      // With what the person's index knows of each file, few have to be read the first time.
      if (!(await stat(index).catch(() => null))) {
        const at = (await run(top, null, ['rev-parse', '--git-path', 'index'])).trim();
        await copyFile(resolve(top, at), index).catch(() => {}); // A new repository has none yet.
      }
      const fresh = paths(await run(top, index, ['ls-files', '--others', '--exclude-standard', '-z']));
      if (fresh.length > maxNewFiles)
        throw new Error(`${top} has ${fresh.length} files that git does not know; ignore what is no part of the project`);
      // A repository in this one (it ends with a slash here) is no part of it: git would keep which commit it is at, or refuse it.
      const nested = fresh.filter((path) => path.endsWith('/'));
      const large = await tooLarge(top, fresh);
      const without = [...nested, ...large].map((path) => `:(exclude,literal)${path}`);
      // A file that cannot be read is left out; all others are in.
      await run(top, index, ['add', '--all', '--ignore-errors', '--', '.', ...without]).catch((error) => {
        if (!(error instanceof ProgramError) || error.exitCode !== 1) throw error;
      });
      return (await run(top, index, ['write-tree'])).trim();
    },
    /** Paths in which two trees differ. */
    differ: async (top: string, from: string, to: string): Promise<string[]> =>
      paths(await run(top, null, ['diff-tree', '-r', '-z', '--name-only', '--no-renames', noNested, from, to])),
    /** Which of these paths a tree has. */
    async has(top: string, tree: string, wanted: readonly string[]): Promise<Set<string>> {
      const all = new Set(paths(await run(top, null, ['ls-tree', '-r', '-z', '--name-only', tree])));
      return new Set(wanted.filter((path) => all.has(path)));
    },
    /** Writes files of a tree into the work tree. */
    async write(top: string, tree: string, files: readonly string[]): Promise<void> {
      const index = join(folder, `write-${nameOf(top)}.index`);
      await run(top, index, ['read-tree', tree]);
      await run(top, index, ['checkout-index', '--force', '-z', '--stdin'], files.map((path) => `${path}\0`).join(''));
    },
  };
}
