import { attachmentLimits } from '../../contract/limits.ts';
import { AppError } from '../app-error.ts';
import type { StoredAttachment } from '../store/port.ts';
import { checkedType, isForModel } from './media-type.ts';

/** A file as it comes with a message. */
export type IncomingFile = { name: string; media_type?: string | undefined; data: Buffer };

type CheckedFile = Omit<StoredAttachment, 'path' | 'sha256'>;

const refuse = (code: 'attachment_refused' | 'attachment_too_large', text: string) =>
  new AppError(code, `attachments: ${text}`, { field: 'attachments' });

/** Throws AppError `attachment_too_large` or `attachment_refused`, naming the file. */
export function checkFiles(files: readonly IncomingFile[]): CheckedFile[] {
  const { files: maxFiles, bytes: maxBytes } = attachmentLimits;
  if (files.length > maxFiles)
    throw refuse('attachment_too_large', `${files.length} files are more than ${maxFiles}`);
  let bytes = 0;
  for (const { name, data } of files) {
    bytes += data.length;
    if (bytes > maxBytes)
      throw refuse('attachment_too_large', `with ${name} they have more than ${maxBytes} bytes together`);
  }
  return files.map(checkFile);
}

function checkFile({ name, media_type, data }: IncomingFile): CheckedFile {
  if (!isPlainName(name))
    throw refuse('attachment_refused', `${JSON.stringify(name)} is not a plain file name`);
  const type = checkedType(media_type, data);
  if (type === null)
    throw refuse('attachment_refused', `${name} is declared as ${media_type}, and its content is not`);
  if (!data.length) throw refuse('attachment_refused', `${name} is empty`);
  if (type.startsWith('image/') && data.length > attachmentLimits.imageBytes)
    throw refuse('attachment_too_large', `${name} has more than ${attachmentLimits.imageBytes} bytes`);
  return { name, media_type: type, bytes: data.length, forModel: isForModel(type) };
}

const isPlainName = (name: string) =>
  /^[^/\\\0\p{Cc}]{1,255}$/u.test(name) && !['.', '..'].includes(name) && Buffer.byteLength(name) <= 255;
