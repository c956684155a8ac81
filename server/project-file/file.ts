import { randomBytes } from 'node:crypto';
import { constants as flag, type Stats } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readlink,
  rename,
  rmdir,
  symlink,
  unlink,
} from 'node:fs/promises';
import { Folder, toProjectFileError, withFolder } from './folder.ts';
import { ProjectFileError, splitPath } from './path.ts';

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException)?.code === 'ENOENT';

function splitLast(path: string): { folder: string; name: string } {
  const names = splitPath(path);
  const name = names.pop();
  if (name === undefined) throw new ProjectFileError(path, 'bad_path', 'it is the project itself');
  return { folder: names.join('/'), name };
}

/** What an entry of a folder is; a link is not followed. Null if there is none. */
export async function statEntry(folder: Folder, name: string): Promise<Stats | null> {
  try {
    return await folder.use((at) => lstat(at(name)));
  } catch (error) {
    if (isMissing(error)) return null;
    throw toProjectFileError(folder.pathOf(name), error);
  }
}

/**
 * What is at a path of a project; a link at its end is not followed, one before its end is refused. Null if
 * nothing is there.
 */
export async function statFile(root: string, path: string): Promise<Stats | null> {
  const { folder, name } = splitLast(path);
  return withFolder(root, folder, (opened) => statEntry(opened, name));
}

/**
 * Opens a regular file for reading. Null if there is none; anything else is refused, and a pipe is not waited
 * for.
 */
export async function openEntry(
  folder: Folder,
  name: string,
): Promise<{ handle: FileHandle; stats: Stats } | null> {
  const path = folder.pathOf(name);
  let handle: FileHandle | null = null;
  try {
    handle = await folder.use((at) => open(at(name), flag.O_RDONLY | flag.O_NOFOLLOW | flag.O_NONBLOCK));
    const stats = await handle.stat();
    if (!stats.isFile()) throw new ProjectFileError(path, 'not_a_file', 'it is not a regular file');
    return { handle, stats };
  } catch (error) {
    await handle?.close();
    if (isMissing(error)) return null;
    throw toProjectFileError(path, error);
  }
}

/** Reads a regular file of a folder, with what it was when it was opened. Null if there is none. */
export async function readEntry(
  folder: Folder,
  name: string,
  maxBytes: number,
): Promise<{ data: Buffer; stats: Stats } | null> {
  const opened = await openEntry(folder, name);
  if (!opened) return null;
  const { handle, stats } = opened;
  try {
    const tooLarge = () =>
      new ProjectFileError(folder.pathOf(name), 'too_large', `it has more than ${maxBytes} bytes`);
    if (stats.size > maxBytes) throw tooLarge();
    const chunks: Buffer[] = [];
    for (let bytes = 0; ; ) {
      const { bytesRead, buffer } = await handle.read({
        buffer: Buffer.allocUnsafe(Math.max(4096, stats.size - bytes + 1)),
      });
      if (!bytesRead) return { data: Buffer.concat(chunks), stats };
      bytes += bytesRead;
      if (bytes > maxBytes) throw tooLarge();
      chunks.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** Reads a regular file of a project. Null if there is none. */
export async function readFile(root: string, path: string, maxBytes: number): Promise<Buffer | null> {
  const { folder, name } = splitLast(path);
  const found = await withFolder(root, folder, (opened) => readEntry(opened, name, maxBytes));
  return found?.data ?? null;
}

/** Where a link leads to, as it is written in it. Null if it does not exist. */
export async function readLink(folder: Folder, name: string): Promise<Buffer | null> {
  try {
    return await folder.use((at) => readlink(at(name), 'buffer'));
  } catch (error) {
    if (isMissing(error)) return null;
    throw toProjectFileError(folder.pathOf(name), error);
  }
}

/** Opens a folder and makes those of its components that are missing. */
async function withMadeFolder<T>(
  root: string,
  path: string,
  work: (folder: Folder) => Promise<T>,
): Promise<T> {
  const names = splitPath(path);
  let folder = await Folder.openRoot(root);
  try {
    for (const name of names) {
      const child = (await folder.openChild(name)) ?? (await makeChild(folder, name));
      await folder.close().finally(() => {
        folder = child;
      });
    }
    return await work(folder);
  } finally {
    await folder.close();
  }
}

async function makeChild(folder: Folder, name: string): Promise<Folder> {
  const path = folder.pathOf(name);
  try {
    await folder.use((at) => mkdir(at(name)));
  } catch (error) {
    // Somebody else has just made it: what it is shows when it is opened.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw toProjectFileError(path, error);
  }
  const child = await folder.openChild(name);
  if (!child) throw new ProjectFileError(path, 'moved', 'it was removed meanwhile');
  return child;
}

/** A name that no other program can have prepared. */
const temporaryName = () => `.switchboard-${randomBytes(12).toString('hex')}.tmp`;

/**
 * Takes the place of what has a name: a new file, never the old one written into, which may have a name
 * elsewhere too.
 */
async function replaceEntry(
  folder: Folder,
  name: string,
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = temporaryName();
  const path = folder.pathOf(name);
  try {
    await make(temporary);
    await folder.use((at) => rename(at(temporary), at(name)));
  } catch (error) {
    await folder.use((at) => unlink(at(temporary))).catch(() => {});
    throw toProjectFileError(path, error);
  }
}

/**
 * Writes a file of a project, with the folders above it. A link at its end is replaced; one before its end is
 * refused.
 */
export function writeFile(
  root: string,
  path: string,
  data: Uint8Array,
  { isExecutable = false } = {},
): Promise<void> {
  const { folder: above, name } = splitLast(path);
  return withMadeFolder(root, above, async (folder) => {
    const before = await statEntry(folder, name);
    await replaceEntry(folder, name, async (temporary) => {
      const flags = flag.O_WRONLY | flag.O_CREAT | flag.O_EXCL | flag.O_NOFOLLOW;
      const handle = await folder.use((at) => open(at(temporary), flags, isExecutable ? 0o777 : 0o666));
      try {
        await handle.writeFile(data);
        // Who may read and write it stays as it was.
        if (before?.isFile()) await handle.chmod(modeLike(before.mode, isExecutable));
      } finally {
        await handle.close();
      }
    });
  });
}

/** Makes a link in a project, with the folders above it. What it names is not looked at. */
export function writeLink(root: string, path: string, target: Uint8Array): Promise<void> {
  const { folder: above, name } = splitLast(path);
  return withMadeFolder(root, above, (folder) =>
    replaceEntry(folder, name, (temporary) =>
      folder.use((at) => symlink(Buffer.from(target), at(temporary))),
    ),
  );
}

/** Removes a file or link of a project and the folders that are empty without it. False if there was none. */
export async function removeFile(root: string, path: string): Promise<boolean> {
  const { folder: above, name } = splitLast(path);
  const isRemoved = await withFolder(root, above, async (folder) => {
    try {
      await folder.use((at) => unlink(at(name)));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw toProjectFileError(path, error);
    }
  });
  const names = splitPath(above);
  while (isRemoved && names.length) {
    const last = names.pop() as string;
    const isEmpty = await withFolder(root, names.join('/'), (folder) =>
      folder.use((at) => rmdir(at(last))),
    ).then(
      () => true,
      () => false, // There is more in it, or it was exchanged.
    );
    if (!isEmpty) break;
  }
  return isRemoved === true;
}

/** Makes a file of a project if nothing has its name. */
export function createFile(root: string, path: string, text: string): Promise<void> {
  const { folder: above, name } = splitLast(path);
  return withMadeFolder(root, above, async (folder) => {
    try {
      const flags = flag.O_WRONLY | flag.O_CREAT | flag.O_EXCL | flag.O_NOFOLLOW;
      const handle = await folder.use((at) => open(at(name), flags, 0o666));
      await handle.writeFile(text).finally(() => handle.close());
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw toProjectFileError(path, error);
    }
  });
}

/** The mode of the existing file; whoever may read it may also execute it, or no one may. */
const modeLike = (mode: number, isExecutable: boolean) =>
  isExecutable ? (mode & 0o777) | ((mode >> 2) & 0o111) : mode & 0o666;
