import type { Dirent, Stats } from 'node:fs';
import { join } from 'node:path';
import { type Git, ProgramError } from '../git/git.ts';
import { openEntry, readEntry, readLink, statEntry } from '../project-file/file.ts';
import type { Folder } from '../project-file/folder.ts';
import { isGitName, ProjectFileError } from '../project-file/path.ts';
import type { Repository } from '../work-tree/repository.ts';
import { foldersAbove, walkTree } from '../work-tree/walk.ts';
import type { WorkTrees } from '../work-tree/work-trees.ts';
import { type Change, emptyTree, Importer } from './importer.ts';
import type { ShadowFolder, ShadowState } from './shadow-folder.ts';

/** A new file that is larger is left out: what git would keep of it would fill the disk. */
const maxNewBytes = 20_000_000;

/** A tree with so many new files is not a project: most often a home folder. */
const maxNewFiles = 20_000;

/** So much is read at most at a time. */
const maxReadBytes = 2_000_000_000;

/** Larger files are not held in memory. */
const maxWholeBytes = 1_000_000;

const atOnce = 16;

const maxRemembered = 4;

/**
 * Clocks of file systems tick: a file that changed this shortly before it was read can change again
 * unnoticed.
 */
const tickMs = { fine: 50, seconds: 2_500 };

const kindOf = (stats: Stats): Change['mode'] =>
  stats.isSymbolicLink() ? '120000' : stats.mode & 0o100 ? '100755' : '100644';

/** By what a file is recognized as the one that was read; empty if that cannot be relied on. */
function stampOf(stats: Stats, readAt: number): string {
  const newest = Math.max(stats.mtimeMs, stats.ctimeMs);
  const tick = stats.mtimeMs % 1000 === 0 && stats.ctimeMs % 1000 === 0 ? tickMs.seconds : tickMs.fine;
  if (newest > readAt - tick) return '';
  return `${kindOf(stats)}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}:${stats.ino}`;
}

export type Shadow = ReturnType<typeof createShadow>;

/** Notes whole work trees in repositories of ours. */
export function createShadow({
  git,
  folder,
  workTrees,
}: {
  git: Git;
  folder: ShadowFolder;
  workTrees: WorkTrees;
}) {
  const states = new Map<string, ShadowState>();

  async function stateOf(top: string): Promise<ShadowState> {
    await folder.make();
    const known = states.get(top) ?? (await folder.load(top));
    const repository = folder.repositoryOf(top);
    if (known && (await folder.exists(repository))) return known;
    await folder.remove(top);
    await git.init(repository);
    return { tree: emptyTree, files: new Map() };
  }

  function remember(top: string, state: ShadowState): void {
    states.delete(top);
    states.set(top, state);
    if (states.size > maxRemembered) states.delete(states.keys().next().value as string);
  }

  async function note(found: Repository, signal: AbortSignal | undefined): Promise<string> {
    const { top } = found;
    const before = await stateOf(top);
    const [rules, dataFolder] = await Promise.all([workTrees.rulesOf(found), folder.realDataFolder()]);
    const noted = foldersAbove(before.files.keys());
    const work = new Noting(before, rules.tracked.files, () => Importer.start(git, folder.repositoryOf(top)));
    try {
      await walkTree(top, {
        ignored: rules.ignored,
        hasIgnoreFiles: true,
        // What was noted once stays noted, even if it is ignored by now.
        kept: {
          files: { has: (path) => before.files.has(path) || rules.tracked.files.has(path) },
          folders: { has: (path) => noted.has(path) || rules.tracked.folders.has(path) },
        },
        // The data folder may be in a project (this one's own, for one): noting it would note what was noted.
        isSkipped: (name, isFolder, path) => isGitName(name) || (isFolder && join(top, path) === dataFolder),
        signal,
        onFiles: (opened, files) => work.note(opened, files, signal),
      });
      const after = await work.finish();
      if (after) await folder.save(top, after);
      remember(top, after ?? before);
      return (after ?? before).tree;
    } finally {
      work.dispose();
    }
  }

  return {
    /** Whether anything of a work tree was noted before. */
    isKnown: async (top: string): Promise<boolean> => states.has(top) || (await folder.load(top)) !== null,
    /** The whole work tree: untracked files too, ignored ones not. Gives the tree's id. */
    async tree(found: Repository, signal?: AbortSignal): Promise<string> {
      try {
        return await note(found, signal);
      } catch (error) {
        const known = states.get(found.top) ?? (await folder.load(found.top));
        states.delete(found.top);
        signal?.throwIfAborted();
        if (!known || !(await isBroken(found.top, known.tree))) throw error;
        // After a loss of power objects can be missing. What was noted is lost; the next turns must not be.
        await folder.remove(found.top);
        return note(found, signal);
      }
    },
  };

  /** Whether git says that a tree, or one in it, cannot be read. */
  async function isBroken(top: string, tree: string): Promise<boolean> {
    return git.run(folder.repositoryOf(top), ['ls-tree', '-r', '-t', tree]).then(
      () => false,
      (error) => error instanceof ProgramError && error.exitCode !== null,
    );
  }
}

/** One look at a work tree: which of its files are other ones than before, and what is in these. */
class Noting {
  readonly #before: ShadowState;
  readonly #tracked: ReadonlySet<string>;
  readonly #open: () => Promise<Importer>;
  readonly #files = new Map<string, string>();
  readonly #changes: Change[] = [];
  #importer: Importer | null = null;
  #newFiles = 0;
  #bytes = 0;

  constructor(before: ShadowState, tracked: ReadonlySet<string>, open: () => Promise<Importer>) {
    this.#before = before;
    this.#tracked = tracked;
    this.#open = open;
  }

  async note(folder: Folder, entries: readonly Dirent[], signal: AbortSignal | undefined): Promise<boolean> {
    const changed: { name: string; stats: Stats }[] = [];
    const now = Date.now();
    const found = await Promise.all(entries.map(({ name }) => statEntry(folder, name)));
    for (const [number, stats] of found.entries()) {
      const name = (entries[number] as Dirent).name;
      const path = folder.pathOf(name);
      if (!stats || !(stats.isFile() || stats.isSymbolicLink()) || this.#isLeftOut(path, stats)) continue;
      const stamp = stampOf(stats, now);
      if (stamp && this.#before.files.get(path) === stamp) this.#files.set(path, stamp);
      else changed.push({ name, stats });
    }
    for (let at = 0; at < changed.length; at += atOnce) {
      signal?.throwIfAborted();
      await this.#read(folder, changed.slice(at, at + atOnce));
    }
    return true;
  }

  /** The new state; null if it is the old one. */
  async finish(): Promise<ShadowState | null> {
    const removed = [...this.#before.files.keys()].filter((path) => !this.#files.has(path));
    if (!this.#importer && !removed.length) return null;
    this.#importer ??= await this.#open();
    const tree = await this.#importer.finish(this.#before.tree, removed, this.#changes);
    return { tree, files: this.#files };
  }

  dispose(): void {
    this.#importer?.dispose();
  }

  #isLeftOut(path: string, { size }: Stats): boolean {
    if (this.#before.files.has(path) || this.#tracked.has(path)) return false;
    if (size > maxNewBytes) return true;
    this.#newFiles += 1;
    if (this.#newFiles > maxNewFiles)
      throw new Error(
        `it has more than ${maxNewFiles} files that git does not know; ignore what is not part of ` +
          'the project',
      );
    return false;
  }

  async #read(folder: Folder, files: readonly { name: string; stats: Stats }[]): Promise<void> {
    const read = await Promise.all(files.map((file) => this.#readOne(folder, file).catch(nullIfUnreadable)));
    for (const [number, one] of read.entries()) {
      const path = folder.pathOf((files[number] as { name: string }).name);
      // One that must not be read (any more) is as it was, so far as anybody knows.
      if (!one && this.#before.files.has(path)) this.#files.set(path, '');
      if (!one) continue;
      this.#importer ??= await this.#open();
      const mark = one.data
        ? await this.#importer.addBlob(one.data)
        : await this.#stream(folder, files[number] as { name: string });
      if (mark === null) continue;
      this.#changes.push({ path, mode: kindOf(one.stats), mark });
      this.#files.set(path, stampOf(one.stats, one.readAt));
    }
  }

  async #readOne(folder: Folder, { name, stats }: { name: string; stats: Stats }) {
    const readAt = Date.now();
    this.#bytes += stats.size;
    if (this.#bytes > maxReadBytes)
      throw new Error(`it has more than ${maxReadBytes} bytes that are to be noted`);
    if (stats.isSymbolicLink()) {
      const data = await readLink(folder, name);
      return data && { data, stats, readAt };
    }
    if (stats.size > maxWholeBytes) return { data: null, stats, readAt };
    const read = await readEntry(folder, name, maxNewBytes);
    return read && { ...read, readAt };
  }

  async #stream(folder: Folder, { name }: { name: string }): Promise<number | null> {
    const opened = await openEntry(folder, name).catch(nullIfUnreadable);
    if (!opened) return null;
    try {
      return (await this.#importer?.addBlobOf(opened.handle, opened.stats.size)) ?? null;
    } finally {
      await opened.handle.close();
    }
  }
}

/**
 * One that cannot be read, or was exchanged a moment ago, is left out. Without descriptors or memory nothing
 * is known of it.
 */
function nullIfUnreadable(error: unknown): null {
  if (!(error instanceof ProjectFileError)) throw error;
  const code = (error.cause as NodeJS.ErrnoException)?.code ?? '';
  if (error.reason === 'failed' && !['EACCES', 'EPERM', 'ENOENT', 'ENXIO', 'EINVAL'].includes(code))
    throw error;
  return null;
}
