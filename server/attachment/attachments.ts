import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../app-error.ts';
import type { StoredAttachment } from '../store/port.ts';
import { describeFileFault } from '../util/file-fault.ts';
import { makeOwnFolder } from '../util/own-folder.ts';
import { checkedType, isForModel } from './media-type.ts';
import { placeFiles } from './place.ts';

/** A file as it comes with a message. */
export type IncomingFile = { name: string; media_type?: string | undefined; data: Buffer };

/** Limits of one message; the API takes no larger images. */
export const attachmentLimits = { files: 20, bytes: 20_000_000, imageBytes: 5_000_000 };

/** How long a message may take from its files to its turn. */
const freshMs = 60_000;

/**
 * Keeps the files that come with messages: in the data folder until their conversation is deleted. What is older than
 * `sinceMs` is not removed: it belongs to a journal that was lost.
 */
export function createAttachments({ folder, sinceMs }: { folder: string; sinceMs: number }) {
  const root = join(folder, 'attachments');
  /** Kept a moment ago: their turns may not be on disk yet. */
  const fresh = new Set<string>();

  function check(file: IncomingFile): Omit<StoredAttachment, 'path' | 'sha256'> {
    const { name, data } = file;
    const field = { field: 'attachments' };
    if (!isPlainName(name))
      throw new AppError(
        'attachment_refused',
        `attachments: ${JSON.stringify(name)} is no plain file name`,
        field,
      );
    const type = checkedType(file.media_type, data);
    if (type === null) {
      throw new AppError(
        'attachment_refused',
        `attachments: ${name} is said to be ${file.media_type}, and its content is not`,
        field,
      );
    }
    if (!data.length) throw new AppError('attachment_refused', `attachments: ${name} is empty`, field);
    if (type.startsWith('image/') && data.length > attachmentLimits.imageBytes) {
      throw new AppError(
        'attachment_too_large',
        `attachments: ${name} has more than ${attachmentLimits.imageBytes} bytes`,
        field,
      );
    }
    return { name, media_type: type, bytes: data.length, forModel: isForModel(type) };
  }

  /** What a refused message leaves would keep the room that the next one needs. */
  const remove = (id: string): Promise<void> =>
    rm(join(root, id), { recursive: true, force: true }).catch(() => {});

  return {
    remove,
    /** Checks files and puts them on disk under a name of their own. Throws AppError 413 or 415 naming the file. */
    async keep(id: string, files: readonly IncomingFile[]): Promise<StoredAttachment[]> {
      if (!files.length) return [];
      if (files.length > attachmentLimits.files) {
        throw new AppError(
          'attachment_too_large',
          `attachments: ${files.length} files are more than ${attachmentLimits.files}`,
          {
            field: 'attachments',
          },
        );
      }
      let bytes = 0;
      for (const { name, data } of files) {
        bytes += data.length;
        if (bytes <= attachmentLimits.bytes) continue;
        const what = `attachments: with ${name} they have more than ${attachmentLimits.bytes} bytes together`;
        throw new AppError('attachment_too_large', what, { field: 'attachments' });
      }
      const checked = files.map(check);
      fresh.add(id);
      setTimeout(() => fresh.delete(id), freshMs).unref();
      try {
        // One after the other: the data folder itself is not made anew if it was removed.
        await makeOwnFolder(root);
        await mkdir(join(root, id), { mode: 0o700 }).catch(unlessThere);
        // All writes end before a failure is handled: one that still runs would come after the removal.
        const written = await Promise.allSettled(
          checked.map(async (file, index) => {
            const path = join(root, id, String(index));
            await writeFile(path, files[index]?.data ?? '', { mode: 0o600, flush: true });
            return { ...file, path, sha256: hashOf(files[index]?.data ?? Buffer.alloc(0)) };
          }),
        );
        return written.map((result) => {
          if (result.status === 'rejected') throw result.reason;
          return result.value;
        });
      } catch (error) {
        await remove(id);
        throw new AppError('storage_unavailable', `${root} cannot be written: ${(error as Error).message}.`, {
          cause: error,
        });
      }
    },
    /**
     * Puts what the model does not take into the project; gives the lines that name it to the model. Throws AppError for a
     * file that is no longer what came with the message, whoever is to get it.
     */
    async place(id: string, files: readonly StoredAttachment[], project: string): Promise<string> {
      for (const file of files) await readKept(file);
      return placeFiles(
        id,
        files.filter((file) => !file.forModel),
        project,
        readKept,
      );
    },
    /** Removes what was kept for ids that are not known any more. */
    async sweep(isKnown: (id: string) => boolean): Promise<void> {
      for (const id of await readdir(root).catch(() => [])) {
        if (fresh.has(id) || isKnown(id)) continue;
        const kept = await stat(join(root, id)).catch(() => null);
        if (kept && kept.mtimeMs >= sinceMs) await rm(join(root, id), { recursive: true, force: true });
      }
    },
  };
}

/** What came with the message, whole. */
async function readKept({ name, path, bytes, sha256 }: StoredAttachment): Promise<Buffer> {
  const again = 'Send the message again with its files';
  const data = await readFile(path).catch((error) => {
    const why = lstatSync(path, { throwIfNoEntry: false })
      ? describeFileFault(path, error)
      : `${path} is not there any more`;
    throw new AppError('attachment_lost', `${name} cannot be read: ${why}. ${again}.`, { cause: error });
  });
  // Messages from before there were hashes have none.
  if (data.length === bytes && (!sha256 || hashOf(data) === sha256)) return data;
  throw new AppError(
    'attachment_lost',
    `${name} is not what came with the message: ${path} was changed. ${again}.`,
  );
}

const hashOf = (data: Buffer) => createHash('sha256').update(data).digest('hex');

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

const isPlainName = (name: string) =>
  /^[^/\\\0\p{Cc}]{1,255}$/u.test(name) && !['.', '..'].includes(name) && Buffer.byteLength(name) <= 255;
