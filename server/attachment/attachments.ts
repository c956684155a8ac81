import { copyFile, mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../app-error.ts';
import type { StoredAttachment } from '../store/port.ts';
import { checkedType, isForModel } from './media-type.ts';

/** A file as it comes with a message. */
export type IncomingFile = { name: string; media_type?: string | undefined; data: Buffer };

/** Limits of one message; the API takes no larger images. */
export const attachmentLimits = { files: 20, bytes: 20_000_000, imageBytes: 5_000_000 };

/** How long a message may take from its files to its turn. */
const freshMs = 60_000;

/** Where files that the model does not take lie in a project. */
const uploadFolder = join('.switchboard', 'uploads');

/** Keeps the files that come with messages: in the data folder until their conversation is deleted. */
export function createAttachments({ folder }: { folder: string }) {
  const root = join(folder, 'attachments');
  /** Kept a moment ago: their turns may not be on disk yet. */
  const fresh = new Set<string>();

  function check(file: IncomingFile): Omit<StoredAttachment, 'path'> {
    const { name, data } = file;
    const field = { field: 'attachments' };
    if (!isPlainName(name)) throw new AppError('attachment_refused', `attachments: ${JSON.stringify(name)} is no plain file name`, field);
    const type = checkedType(file.media_type, data);
    if (type === null) {
      throw new AppError('attachment_refused', `attachments: ${name} is said to be ${file.media_type}, and its content is not`, field);
    }
    if (!data.length) throw new AppError('attachment_refused', `attachments: ${name} is empty`, field);
    if (type.startsWith('image/') && data.length > attachmentLimits.imageBytes) {
      throw new AppError('attachment_too_large', `attachments: ${name} has more than ${attachmentLimits.imageBytes} bytes`, field);
    }
    return { name, media_type: type, bytes: data.length, forModel: isForModel(type) };
  }

  return {
    /** Checks files and puts them on disk under a name of their own. Throws AppError 413 or 415 naming the file. */
    async keep(id: string, files: readonly IncomingFile[]): Promise<StoredAttachment[]> {
      if (!files.length) return [];
      if (files.length > attachmentLimits.files) {
        throw new AppError('attachment_too_large', `attachments: ${files.length} files are more than ${attachmentLimits.files}`, {
          field: 'attachments',
        });
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
        await mkdir(join(root, id), { recursive: true, mode: 0o700 });
        return await Promise.all(
          checked.map(async (file, index) => {
            const path = join(root, id, String(index));
            await writeFile(path, files[index]?.data ?? '', { mode: 0o600, flush: true });
            return { ...file, path };
          }),
        );
      } catch (error) {
        throw new AppError('storage_unavailable', `${root} cannot be written: ${(error as Error).message}`, { cause: error });
      }
    },
    /** Puts what the model does not take into the project; gives the lines that name it to the model. */
    async place(id: string, files: readonly StoredAttachment[], project: string): Promise<string> {
      const others = files.filter((file) => !file.forModel);
      if (!others.length) return '';
      const target = join(project, uploadFolder, id);
      try {
        await mkdir(target, { recursive: true });
        // A link there could lead anywhere.
        if ((await realpath(target)) !== join(await realpath(project), uploadFolder, id)) throw new Error('it is reached over a link');
        // The folder is nothing to commit.
        await writeFile(join(project, '.switchboard', '.gitignore'), '*\n');
        const names = freeNames(others.map(({ name }) => name));
        await Promise.all(others.map(({ path }, index) => copyFile(path, join(target, names[index] as string))));
        const lines = names.map((name, index) => `- ${join(uploadFolder, id, name)} (${others[index]?.media_type}, ${others[index]?.bytes} bytes)`);
        return `\n\nAttached files, in the project folder:\n${lines.join('\n')}`;
      } catch (error) {
        throw new AppError('attachment_refused', `The attachments cannot be put into ${target}: ${(error as Error).message}`, { cause: error });
      }
    },
    /** Removes what was kept for ids that are not known any more. */
    async sweep(isKnown: (id: string) => boolean): Promise<void> {
      for (const id of await readdir(root).catch(() => []))
        if (!fresh.has(id) && !isKnown(id)) await rm(join(root, id), { recursive: true, force: true });
    },
  };
}

const isPlainName = (name: string) => /^[^/\\\0\p{Cc}]{1,255}$/u.test(name) && !['.', '..'].includes(name) && Buffer.byteLength(name) <= 255;

/** Names of which each is used once. */
function freeNames(names: readonly string[]): string[] {
  const used = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let number = 2; used.has(free); number += 1) free = `${number}-${name}`;
    used.add(free);
    return free;
  });
}
