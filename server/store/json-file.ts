import { copyFile, link, lstat, readFile, realpath, rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Adapter } from 'lowdb';
import writeFileAtomic from 'write-file-atomic';
import { describeFileFault, isForbidden, keepAside, type NoteFault } from '../util/file-fault.ts';
import { DataFolderError } from './data-folder-error.ts';

/** What a read found: a value, nothing, or why the file cannot be used. */
type Found<T> = { value: T } | { fault: string } | null;

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? '';

/**
 * A lowdb adapter that writes atomically, with fsync, readable by the owner alone, and keeps the version
 * before in `<file>.bak`. lowdb's own adapter does none of these (steno: no fsync, mode 0644).
 */
export function createJsonFile<T>(
  file: string,
  { parse, note }: { parse(value: unknown): T; note: NoteFault },
): Adapter<T> {
  const backup = `${file}.bak`;
  let hasNotedBackup = false;

  /**
   * Throws DataFolderError for a file that only its owner can open: it is whole, and must not be replaced.
   */
  async function load(path: string): Promise<Found<T>> {
    try {
      // Editors of Windows begin a file with a mark of its byte order.
      const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
      return { value: parse(JSON.parse(text)) };
    } catch (error) {
      if (isForbidden(error)) {
        throw new DataFolderError(
          `${describeFileFault(path, error)}. Nothing was changed; then start the server again.`,
          { cause: error },
        );
      }
      const isThere = await lstat(path).then(
        () => true,
        () => false,
      );
      if (!isThere) return null;
      return {
        fault: codeOf(error) ? describeFileFault(path, error) : `${path} is damaged (${firstLine(error)})`,
      };
    }
  }

  function putAside(path: string): string {
    try {
      return basename(keepAside(path));
    } catch (error) {
      throw new DataFolderError(
        `${describeFileFault(path, error)}. It cannot be used, and cannot be moved away.`,
        { cause: error },
      );
    }
  }

  async function read(): Promise<T | null> {
    const found = await load(file);
    if (found && 'value' in found) return found.value;
    const copy = await load(backup);
    const value = copy && 'value' in copy ? copy.value : null;
    if (!found && !copy) return null;
    const what = found ? `${found.fault}. It is kept as ${putAside(file)}` : `${file} is missing`;
    const copyFault = copy && 'fault' in copy ? ` (${copy.fault})` : '';
    const instead = value
      ? `its last good copy, ${basename(backup)}, is used`
      : `there is no good copy of it${copyFault}`;
    note(file, `${what}; ${instead}. Conversations that had turns come back from the journal.`);
    return value;
  }

  /** Puts `temporary` in the place of the version before, whatever is there. */
  async function placeBackup(temporary: string): Promise<void> {
    await rename(temporary, backup).catch(async (error) => {
      if (!['EISDIR', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error))) throw error;
      note(backup, `${describeFileFault(backup, error)}. It is kept as ${basename(keepAside(backup))}.`);
      await rename(temporary, backup);
    });
  }

  async function keepVersionBefore(): Promise<void> {
    const temporary = `${backup}.new`;
    try {
      await rm(temporary, { force: true }).catch(() => keepAside(temporary));
      // Not the link itself if the file is one. Some file systems have no hard links.
      const source = await realpath(file);
      await link(source, temporary).catch(() => copyFile(source, temporary));
      await placeBackup(temporary);
    } catch (error) {
      // The first write has no earlier version. The write itself matters more than its copy.
      if (codeOf(error) === 'ENOENT' || hasNotedBackup) return;
      hasNotedBackup = true;
      note(
        backup,
        `The version before of ${basename(file)} cannot be kept: ${describeFileFault(backup, error)}.`,
      );
    }
  }

  async function write(data: T): Promise<void> {
    const text = `${JSON.stringify(data, null, 2)}\n`;
    await keepVersionBefore();
    await writeFileAtomic(file, text, { mode: 0o600, fsync: true });
  }

  return { read, write };
}

const firstLine = (error: unknown) => ((error as Error).message.split('\n')[0] ?? '').slice(0, 100);
