import { dirname, join, resolve } from 'node:path';
import { readFile, statFile } from '../project-file/file.ts';
import { realFolder } from '../project-file/folder.ts';
import { trackedNames } from './index-file.ts';

const maxIndexBytes = 256_000_000;
const maxTextBytes = 1_000_000;

/** The top of a git work tree, and where git keeps what belongs to it. */
export type Repository = {
  top: string;
  /**
   * A real folder, and the path in it to the files that git has for this work tree alone. Null if nothing
   * vouches for it.
   */
  gitFolder: { root: string; prefix: string } | null;
  /** Where `info/exclude` is: worktrees share it. */
  commonFolder: { root: string; prefix: string } | null;
};

/** A work tree of which git would do something elsewhere. The message says what. */
export class ForeignRepositoryError extends Error {
  readonly top: string;

  constructor(top: string, why: string) {
    super(`${top}: ${why}`);
    this.name = 'ForeignRepositoryError';
    this.top = top;
  }
}

/** Reads the values of a key in the text of a git configuration, with nothing that it includes. */
export type ReadConfig = (text: Buffer, key: string) => Promise<string[]>;

const textOf = async (root: string, path: string): Promise<string | null> =>
  (await readFile(root, path, maxTextBytes))?.toString() ?? null;

/**
 * The git work tree that a real folder is in, found without running git there. Null if it is in none. Throws
 * ForeignRepositoryError for one whose own files say that its work tree or its repository is another one.
 */
export async function findRepository(folder: string, readConfig: ReadConfig): Promise<Repository | null> {
  for (let top = folder; ; top = dirname(top)) {
    const found = await statFile(top, '.git').catch((error) => {
      // An unreadable folder above a project is not its repository.
      if (top === folder) throw error;
      return null;
    });
    if (found?.isSymbolicLink()) throw new ForeignRepositoryError(top, 'its .git is a link');
    if (found?.isFile()) return fromGitFile(top, readConfig);
    if (found?.isDirectory() && (await isRepository(top, '.git/'))) {
      await checkWorkTree(top, { root: top, prefix: '.git/' }, ['config', 'config.worktree'], readConfig);
      return { top, gitFolder: { root: top, prefix: '.git/' }, commonFolder: { root: top, prefix: '.git/' } };
    }
    if (dirname(top) === top) return null;
  }
}

/** Whether there is a repository in a folder: git takes no empty `.git` for one. */
export async function isRepository(root: string, prefix: string): Promise<boolean> {
  return (await statFile(root, `${prefix}HEAD`).catch(() => null)) !== null;
}

/**
 * Worktrees, submodules, and repositories that were made with --separate-git-dir have a file that names their
 * folder.
 */
async function fromGitFile(top: string, readConfig: ReadConfig): Promise<Repository> {
  const named = /^gitdir: (.+?)\r?\n?$/.exec((await textOf(top, '.git')) ?? '')?.[1];
  if (!named) throw new ForeignRepositoryError(top, 'its .git file names no folder');
  const root = await realFolder(resolve(top, named));
  if (!root || !(await isRepository(root, '')))
    throw new ForeignRepositoryError(top, `its .git file names ${named}, which is not a repository`);
  const gitFolder = { root, prefix: '' };
  const common = (await textOf(root, 'commondir'))?.trimEnd();
  if (common === undefined) {
    // Anything can be named in a .git file: only a repository that names this folder in turn is its own.
    const isOwn = await checkWorkTree(top, gitFolder, ['config', 'config.worktree'], readConfig);
    return { top, gitFolder: isOwn ? gitFolder : null, commonFolder: isOwn ? gitFolder : null };
  }
  const back = (await textOf(root, 'gitdir'))?.trimEnd();
  if (!back || resolve(root, back) !== join(top, '.git')) {
    throw new ForeignRepositoryError(top, `its .git file names ${root}, which belongs to another work tree`);
  }
  await checkWorkTree(top, gitFolder, ['config.worktree'], readConfig);
  const commonRoot = await realFolder(resolve(root, common));
  return { top, gitFolder, commonFolder: commonRoot === null ? null : { root: commonRoot, prefix: '' } };
}

/** Throws if `core.worktree` is another folder than this one. Gives whether it is set. */
async function checkWorkTree(
  top: string,
  { root, prefix }: { root: string; prefix: string },
  files: readonly string[],
  readConfig: ReadConfig,
): Promise<boolean> {
  let isSet = false;
  for (const file of files) {
    const text = await readFile(root, prefix + file, maxTextBytes).catch((error) => {
      throw new ForeignRepositoryError(
        top,
        `the configuration of its repository cannot be read (${(error as Error).message})`,
      );
    });
    // Most have no such key, and no process is needed to see it.
    if (!text || !/worktree/i.test(text.toString('latin1'))) continue;
    for (const value of await readConfig(text, 'core.worktree')) {
      const real = await realFolder(resolve(root, prefix, value));
      if (real !== top) throw new ForeignRepositoryError(top, `its core.worktree is ${value}`);
      isSet = true;
    }
  }
  return isSet;
}

/** The files that git tracks in a work tree. Empty if its index is missing or cannot be read. */
export async function readTracked({ gitFolder }: Repository): Promise<string[]> {
  if (!gitFolder) return [];
  const { root, prefix } = gitFolder;
  const data = await readFile(root, `${prefix}index`, maxIndexBytes).catch(() => null);
  const names = data && trackedNames(data);
  if (!data || !names) return [];
  // The larger part of a split index is in a file beside it.
  const shared = data.includes('link') ? await readSharedIndex(root, prefix, data) : [];
  return shared.length ? [...new Set([...shared, ...names])] : names;
}

/** The `link` extension names the shared part by its hash: four bytes of length, then the hash. */
async function readSharedIndex(root: string, prefix: string, index: Buffer): Promise<string[]> {
  const id = index.subarray(index.lastIndexOf('link') + 8).toString('hex', 0, 20);
  const data = await readFile(root, `${prefix}sharedindex.${id}`, maxIndexBytes).catch(() => null);
  return (data && trackedNames(data)) ?? [];
}

/** What changes when the index does. */
export async function indexStamp({ gitFolder }: Repository): Promise<string> {
  if (!gitFolder) return '';
  const found = await statFile(gitFolder.root, `${gitFolder.prefix}index`).catch(() => null);
  return found ? `${found.ino}:${found.size}:${found.mtimeMs}:${found.ctimeMs}` : '';
}

/** The text of the repository's own list of what to ignore. */
export async function readInfoExclude({ commonFolder }: Repository): Promise<string> {
  if (!commonFolder) return '';
  return (await textOf(commonFolder.root, `${commonFolder.prefix}info/exclude`).catch(() => null)) ?? '';
}
