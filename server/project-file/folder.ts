import { type Dirent, existsSync, constants as flag } from 'node:fs';
import { type FileHandle, open, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ProjectFileError, splitPath } from './path.ts';

/** Linux: a descriptor that names a folder, without a right to read it. Node has no constant for it. */
const pathOnly = 0o10000000;

/** macOS 11 and newer: no component may be a link. Node has no constant for it. */
const noFollowAny = 0x20000000;

/**
 * Node has no openat(2). On Linux a path below `/proc/self/fd/<descriptor>` has its meaning: the kernel
 * starts at the open folder itself, whatever has taken its name since.
 *
 * Other systems (macOS) lack such a path. There each operation goes by the path, with O_NOFOLLOW_ANY where a
 * file is opened, and the folder's real path is checked before and after it: an exchange is noticed, but one
 * within the operation itself is not prevented. Only Linux is tested.
 */
const hasDescriptorPaths = process.platform === 'linux' && existsSync('/proc/self/fd');

const folderFlags = hasDescriptorPaths
  ? pathOnly | flag.O_DIRECTORY | flag.O_NOFOLLOW
  : flag.O_RDONLY | flag.O_DIRECTORY | flag.O_NOFOLLOW | (process.platform === 'darwin' ? noFollowAny : 0);

const isCode = (error: unknown, ...codes: string[]) =>
  codes.includes((error as NodeJS.ErrnoException)?.code ?? '');

/**
 * An open folder of a project. What is done by it happens in this folder, even if its name leads elsewhere by
 * then.
 */
export class Folder {
  /** Its real path when it was opened. */
  readonly real: string;
  /** Its path from the project; empty for the project itself. */
  readonly path: string;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, real: string, path: string) {
    this.#handle = handle;
    this.real = real;
    this.path = path;
  }

  /** Opens a project by its real path. Refuses one that is reached over a link by now. */
  static async openRoot(root: string): Promise<Folder> {
    const handle = await open(root, folderFlags).catch((error) => {
      throw new ProjectFileError(
        root,
        isCode(error, 'ENOENT') ? 'moved' : 'not_a_folder',
        'the folder cannot be opened',
        error,
      );
    });
    const folder = new Folder(handle, root, '');
    try {
      if ((await folder.#realPath()) !== root)
        throw new ProjectFileError(root, 'moved', 'the folder is reached over a link, or was moved');
      return folder;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Opens a folder in this one. Null if there is nothing of that name; a link or a file is refused. */
  async openChild(name: string): Promise<Folder | null> {
    const path = this.pathOf(name);
    try {
      const handle = await this.use((at) => open(at(name), folderFlags));
      return new Folder(handle, join(this.real, name), path);
    } catch (error) {
      if (isCode(error, 'ENOENT')) return null;
      if (!isCode(error, 'ENOTDIR', 'ELOOP')) throw toProjectFileError(path, error);
      const isLink = await this.use((at) => readlink(at(name))).then(
        () => true,
        () => false,
      );
      if (isLink) throw new ProjectFileError(path, 'link', 'it is a link, and links are not followed', error);
      throw new ProjectFileError(path, 'not_a_folder', 'it is not a folder', error);
    }
  }

  /**
   * Runs an operation on the paths of this folder's entries. Its last component must not be followed by it.
   */
  async use<T>(work: (at: (name: string) => string) => Promise<T>): Promise<T> {
    if (hasDescriptorPaths) return work((name) => `/proc/self/fd/${this.#handle.fd}/${name}`);
    await this.#checkStill();
    const result = await work((name) => join(this.real, name));
    await this.#checkStill();
    return result;
  }

  /** Its entries, in no order. */
  async entries(): Promise<Dirent[]> {
    try {
      if (hasDescriptorPaths)
        return await readdir(`/proc/self/fd/${this.#handle.fd}`, { withFileTypes: true });
      return await this.use(() => readdir(this.real, { withFileTypes: true }));
    } catch (error) {
      throw toProjectFileError(this.path, error);
    }
  }

  pathOf(name: string): string {
    return this.path ? `${this.path}/${name}` : name;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #realPath(): Promise<string> {
    return hasDescriptorPaths ? readlink(`/proc/self/fd/${this.#handle.fd}`) : realpath(this.real);
  }

  async #checkStill(): Promise<void> {
    const real = await realpath(this.real).catch(() => null);
    if (real !== this.real)
      throw new ProjectFileError(this.path, 'moved', 'the folder was exchanged meanwhile');
  }
}

/**
 * Runs work in a folder of a project, and closes it. Null without running it if a component does not exist.
 */
export async function withFolder<T>(
  root: string,
  path: string,
  work: (folder: Folder) => Promise<T>,
): Promise<T | null> {
  const names = splitPath(path);
  let folder = await Folder.openRoot(root);
  try {
    for (const name of names) {
      const child = await folder.openChild(name);
      if (!child) return null;
      await folder.close().finally(() => {
        folder = child;
      });
    }
    return await work(folder);
  } finally {
    await folder.close();
  }
}

export function toProjectFileError(path: string, error: unknown): ProjectFileError {
  if (error instanceof ProjectFileError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ELOOP')
    return new ProjectFileError(path, 'link', 'it is a link, and links are not followed', error);
  return new ProjectFileError(path, 'failed', code ?? message, error);
}

/** The real path of a folder that somebody named. Null if there is none. */
export async function realFolder(path: string): Promise<string | null> {
  const real = await realpath(path).catch(() => null);
  return real !== null && (await stat(real).catch(() => null))?.isDirectory() ? real : null;
}
