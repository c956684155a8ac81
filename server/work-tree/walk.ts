import type { Dirent } from 'node:fs';
import { setImmediate as nextTick } from 'node:timers/promises';
import { readEntry, statEntry } from '../project-file/file.ts';
import { Folder } from '../project-file/folder.ts';
import { ProjectFileError } from '../project-file/path.ts';
import { type IgnorePattern, parseIgnoreFile, toBytes } from './ignore-pattern.ts';

/** Deeper folders are left out: each level keeps a descriptor open. */
const maxDepth = 64;

const maxIgnoreBytes = 500_000;

/** So long the server does nothing else. */
const sliceMs = 8;

/**
 * Steps of comparing with patterns, of one name and of a whole walk: a stranger's .gitignore must not keep
 * the server busy.
 */
const maxSteps = { name: 5_000_000, walk: 500_000_000 };

export const isIgnoreCaseSystem = process.platform === 'darwin';

/** The patterns of one file, and how much of a path is the folder that it is in. */
export type IgnoreList = { depth: number; patterns: readonly IgnorePattern[] };

type Paths = { has(path: string): boolean };

export type WalkOptions = {
  /**
   * The folder's part of the top to begin in; empty for all. Folders above it are looked at for what they
   * ignore.
   */
  start?: string;
  /** Patterns for the whole tree, the weakest first. */
  ignored: readonly string[];
  /** Whether .gitignore files hold. */
  hasIgnoreFiles: boolean;
  /** These are in even if a pattern fits them, and the folders above them. */
  kept: { files: Paths; folders: Paths };
  /** Left out, a folder with all that is in it. */
  isSkipped(name: string, isFolder: boolean, path: string): boolean;
  signal?: AbortSignal | undefined;
  /** The files of a folder that is open. False ends the walk. */
  onFiles(folder: Folder, files: readonly Dirent[]): Promise<boolean>;
};

/** Goes through the files and links of a work tree, folder by folder, without following a link. */
export async function walkTree(top: string, options: WalkOptions): Promise<void> {
  const walk = new Walk(top, options);
  let lists: readonly IgnoreList[] = options.ignored.map((text) => toList(text, 0));
  let folder = await Folder.openRoot(top);
  try {
    for (const name of options.start ? options.start.split('/') : []) {
      lists = await walk.addOwnList(folder, lists);
      const child = await folder.openChild(name);
      if (!child) return;
      await folder.close().finally(() => {
        folder = child;
      });
    }
    await walk.visitFolder(folder, { lists, depth: 0, isInIgnored: false });
  } finally {
    await folder.close();
  }
}

/** Where a walk is: the patterns that apply, the depth, and whether a folder above is ignored. */
type Position = { lists: readonly IgnoreList[]; depth: number; isInIgnored: boolean };

class Walk {
  readonly #top: string;
  readonly #options: WalkOptions;
  readonly #meter = { steps: 0 };
  #sliceEnd = performance.now() + sliceMs;

  constructor(top: string, options: WalkOptions) {
    this.#top = top;
    this.#options = options;
  }

  /** Adds the patterns of a folder's own .gitignore. */
  async addOwnList(folder: Folder, lists: readonly IgnoreList[]): Promise<readonly IgnoreList[]> {
    if (!this.#options.hasIgnoreFiles) return lists;
    // A link is not followed; neither does git.
    const file = await readEntry(folder, '.gitignore', maxIgnoreBytes).catch(() => null);
    if (!file) return lists;
    return [...lists, toList(file.data.toString(), folder.path ? folder.path.length + 1 : 0)];
  }

  /** False if `onFiles` has ended the walk. */
  async visitFolder(folder: Folder, position: Position): Promise<boolean> {
    await this.#rest();
    const entries = await folder.entries().catch(emptyIfUnreadable);
    const hasOwnList = entries.some(({ name }) => name === '.gitignore');
    const lists = hasOwnList ? await this.addOwnList(folder, position.lists) : position.lists;
    const { files, folders } = await this.#sortEntries(folder, entries, { ...position, lists });
    if (files.length && !(await this.#options.onFiles(folder, files))) return false;
    if (position.depth >= maxDepth) return true;
    for (const { name, isInIgnored } of folders) {
      const child = await folder.openChild(name).catch(nullIfUnreadable);
      if (!child) continue;
      try {
        if (!this.#options.kept.folders.has(child.path) && (await isNested(child))) continue;
        const next = { lists, depth: position.depth + 1, isInIgnored };
        if (!(await this.visitFolder(child, next))) return false;
      } finally {
        await child.close();
      }
    }
    return true;
  }

  /** The files and folders that belong to the walk. */
  async #sortEntries(folder: Folder, entries: readonly Dirent[], { lists, isInIgnored }: Position) {
    const { kept, isSkipped } = this.#options;
    const files: Dirent[] = [];
    const folders: { name: string; isInIgnored: boolean }[] = [];
    for (const [number, entry] of entries.entries()) {
      if (number % 64 === 63) await this.#rest();
      const path = folder.pathOf(entry.name);
      const isFolder = entry.isDirectory();
      if (!isFolder && !entry.isFile() && !entry.isSymbolicLink()) continue;
      if (isSkipped(entry.name, isFolder, path)) continue;
      const isOut = isInIgnored || this.#isIgnored(path, entry.name, isFolder, lists);
      if (isOut && !(isFolder ? kept.folders : kept.files).has(path)) continue;
      if (isFolder) folders.push({ name: entry.name, isInIgnored: isOut });
      else files.push(entry);
    }
    return { files, folders };
  }

  /** Gives way to other work of the server after each slice. */
  async #rest(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    if (performance.now() < this.#sliceEnd) return;
    await nextTick();
    this.#sliceEnd = performance.now() + sliceMs;
  }

  #isIgnored(path: string, name: string, isFolder: boolean, lists: readonly IgnoreList[]): boolean {
    const meter = this.#meter;
    const nameBytes = toBytes(name);
    const maxTotal = Math.min(meter.steps + maxSteps.name, maxSteps.walk);
    for (let number = lists.length - 1; number >= 0; number -= 1) {
      const { depth, patterns } = lists[number] as IgnoreList;
      const below = toBytes(path.slice(depth));
      for (let at = patterns.length - 1; at >= 0; at -= 1) {
        const pattern = patterns[at] as IgnorePattern;
        meter.steps += 1;
        if ((isFolder || !pattern.isForFolders) && pattern.fits(below, nameBytes, meter))
          return !pattern.isNegated;
        if (meter.steps > maxTotal) throw new Error(`${this.#top}: its .gitignore files take too long`);
      }
    }
    return false;
  }
}

/**
 * Whether a folder cannot be entered, or was exchanged a moment ago. Without descriptors or memory nothing is
 * known of it.
 */
function isUnreadable(error: unknown): boolean {
  if (!(error instanceof ProjectFileError)) return false;
  return (
    error.reason !== 'failed' ||
    ['EACCES', 'EPERM', 'ENOENT', 'ENAMETOOLONG'].includes((error.cause as NodeJS.ErrnoException)?.code ?? '')
  );
}

function emptyIfUnreadable(error: unknown): never[] {
  if (isUnreadable(error)) return [];
  throw error;
}

function nullIfUnreadable(error: unknown): null {
  if (isUnreadable(error)) return null;
  throw error;
}

const toList = (text: string, depth: number): IgnoreList => ({
  depth,
  patterns: parseIgnoreFile(text, { ignoreCase: isIgnoreCaseSystem }),
});

/**
 * Whether a folder is another repository: a clone, a worktree or a submodule. Git takes no empty `.git` for
 * one.
 */
async function isNested(folder: Folder): Promise<boolean> {
  const found = await statEntry(folder, '.git').catch(() => null);
  if (!found) return false;
  if (!found.isDirectory()) return true;
  const inside = await folder.openChild('.git').catch(() => null);
  if (!inside) return true;
  try {
    return (await statEntry(inside, 'HEAD').catch(() => null)) !== null;
  } finally {
    await inside.close();
  }
}

/** All folders above these files. */
export function foldersAbove(files: Iterable<string>): Set<string> {
  const folders = new Set<string>();
  for (const file of files) {
    for (let end = file.lastIndexOf('/'); end > 0; end = file.lastIndexOf('/', end - 1)) {
      const folder = file.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders;
}
