import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../app-error.ts';
import type { StoredAttachment } from '../store/port.ts';
import { describeFileFault } from '../util/file-fault.ts';
import { makeOwnFolder } from '../util/own-folder.ts';
import { checkFiles, type IncomingFile } from './check-files.ts';
import { placeFiles } from './place.ts';

/** How long a message may take from its files to its turn. */
const freshMs = 60_000;

/**
 * Stores the files that come with messages in the data folder until their conversation is deleted. Files
 * older than `sinceMs` are not removed: they belong to a journal that was lost.
 */
export function createAttachments({ folder, sinceMs }: { folder: string; sinceMs: number }) {
  const root = join(folder, 'attachments');
  /** Stored a moment ago: their turns may not be on disk yet. */
  const fresh = new Set<string>();

  /** The files of a refused message would take the space that the next one needs. */
  const remove = (id: string): Promise<void> =>
    rm(join(root, id), { recursive: true, force: true }).catch(() => {});

  return {
    remove,
    /** Checks files and stores them. Throws AppError 413 or 415, naming the file. */
    async keep(id: string, files: readonly IncomingFile[]): Promise<StoredAttachment[]> {
      if (!files.length) return [];
      const checked = checkFiles(files);
      fresh.add(id);
      setTimeout(() => fresh.delete(id), freshMs).unref();
      try {
        // Two steps: the data folder itself is not created again if it was removed.
        await makeOwnFolder(root);
        await mkdir(join(root, id), { mode: 0o700 }).catch(ignoreExisting);
        return await writeFiles(
          join(root, id),
          checked.map((file, index) => ({ ...file, data: files[index]?.data ?? Buffer.alloc(0) })),
        );
      } catch (error) {
        await remove(id);
        const detail = `${root} cannot be written: ${(error as Error).message}.`;
        throw new AppError('storage_unavailable', detail, { cause: error });
      }
    },
    /**
     * Writes the files that the model does not accept into the project, and returns the lines that name them
     * to the model. Throws AppError for a file, of either kind, that is no longer what came with the message.
     */
    async place(id: string, files: readonly StoredAttachment[], project: string): Promise<string> {
      for (const file of files) await readStored(file);
      const forProject = files.filter((file) => !file.forModel);
      return placeFiles(id, forProject, project, readStored);
    },
    /** Removes the files of unknown ids. */
    async sweep(isKnown: (id: string) => boolean): Promise<void> {
      for (const id of await readdir(root).catch(() => [])) {
        if (fresh.has(id) || isKnown(id)) continue;
        const stats = await stat(join(root, id)).catch(() => null);
        if (stats && stats.mtimeMs >= sinceMs) await rm(join(root, id), { recursive: true, force: true });
      }
    },
  };
}

/** All writes end before a failure is handled: one that still runs would come after the removal. */
async function writeFiles(
  folder: string,
  files: readonly (Omit<StoredAttachment, 'path' | 'sha256'> & { data: Buffer })[],
): Promise<StoredAttachment[]> {
  const results = await Promise.allSettled(
    files.map(async ({ data, ...file }, index) => {
      const path = join(folder, String(index));
      await writeFile(path, data, { mode: 0o600, flush: true });
      return { ...file, path, sha256: hashData(data) };
    }),
  );
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** Reads a file as it came with its message. */
async function readStored({ name, path, bytes, sha256 }: StoredAttachment): Promise<Buffer> {
  const fix = 'Send the message again with its files';
  const data = await readFile(path).catch((error) => {
    const reason = lstatSync(path, { throwIfNoEntry: false })
      ? describeFileFault(path, error)
      : `${path} is not there any more`;
    throw new AppError('attachment_lost', `${name} cannot be read: ${reason}. ${fix}.`, { cause: error });
  });
  // Messages of older versions have no hashes.
  if (data.length === bytes && (!sha256 || hashData(data) === sha256)) return data;
  const detail = `${name} is not what came with the message: ${path} was changed. ${fix}.`;
  throw new AppError('attachment_lost', detail);
}

const hashData = (data: Buffer) => createHash('sha256').update(data).digest('hex');

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
