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
  const meter = { steps: 0 };
  let sliceEnd = performance.now() + sliceMs;
  const lists = options.ignored.map((text) => toList(text, 0));

  async function rest(): Promise<void> {
    options.signal?.throwIfAborted();
    if (performance.now() < sliceEnd) return;
    await nextTick();
    sliceEnd = performance.now() + sliceMs;
  }

  function isIgnored(path: string, name: string, isFolder: boolean, above: readonly IgnoreList[]): boolean {
    const own = toBytes(name);
    const most = Math.min(meter.steps + maxSteps.name, maxSteps.walk);
    for (let number = above.length - 1; number >= 0; number -= 1) {
      const { depth, patterns } = above[number] as IgnoreList;
      const below = toBytes(path.slice(depth));
      for (let at = patterns.length - 1; at >= 0; at -= 1) {
        const pattern = patterns[at] as IgnorePattern;
        meter.steps += 1;
        if ((isFolder || !pattern.isForFolders) && pattern.fits(below, own, meter)) return !pattern.isNegated;
        if (meter.steps > most) throw new Error(`${top}: its .gitignore files take too long`);
      }
    }
    return false;
  }

  async function withOwnList(folder: Folder, above: readonly IgnoreList[]): Promise<readonly IgnoreList[]> {
    if (!options.hasIgnoreFiles) return above;
    // A link is not followed; neither does git.
    const found = await readEntry(folder, '.gitignore', maxIgnoreBytes).catch(() => null);
    return found
      ? [...above, toList(found.data.toString(), folder.path ? folder.path.length + 1 : 0)]
      : above;
  }

  async function visit(
    folder: Folder,
    above: readonly IgnoreList[],
    depth: number,
    isInIgnored: boolean,
  ): Promise<boolean> {
    await rest();
    const entries = await folder.entries().catch(emptyIfUnreadable);
    const lists = entries.some(({ name }) => name === '.gitignore')
      ? await withOwnList(folder, above)
      : above;
    const [files, folders]: [Dirent[], { name: string; isInIgnored: boolean }[]] = [[], []];
    for (const [number, entry] of entries.entries()) {
      if (number % 64 === 63) await rest();
      const path = folder.pathOf(entry.name);
      const isFolder = entry.isDirectory();
      if (!isFolder && !entry.isFile() && !entry.isSymbolicLink()) continue;
      if (options.isSkipped(entry.name, isFolder, path)) continue;
      const isOut = isInIgnored || isIgnored(path, entry.name, isFolder, lists);
      if (isOut && !(isFolder ? options.kept.folders : options.kept.files).has(path)) continue;
      if (isFolder) folders.push({ name: entry.name, isInIgnored: isOut });
      else files.push(entry);
    }
    if (files.length && !(await options.onFiles(folder, files))) return false;
    if (depth >= maxDepth) return true;
    for (const next of folders) {
      const child = await folder.openChild(next.name).catch(nullIfUnreadable);
      if (!child) continue;
      try {
        if (!options.kept.folders.has(child.path) && (await isNested(child))) continue;
        if (!(await visit(child, lists, depth + 1, next.isInIgnored))) return false;
      } finally {
        await child.close();
      }
    }
    return true;
  }

  let folder = await Folder.openRoot(top);
  try {
    let above: readonly IgnoreList[] = lists;
    for (const name of options.start ? options.start.split('/') : []) {
      above = await withOwnList(folder, above);
      const child = await folder.openChild(name);
      if (!child) return;
      await folder.close().finally(() => {
        folder = child;
      });
    }
    await visit(folder, above, 0, false);
  } finally {
    await folder.close();
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
