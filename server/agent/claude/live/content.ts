import { readFile } from 'node:fs/promises';
import { toInput } from '../../../util/input-text.ts';
import type { Attachment, RunSpec } from '../../port.ts';

/** The content of a message: its text, behind the blocks of its attachments. */
export async function toMessageContent({
  message,
  literal,
  attachments,
}: RunSpec): Promise<string | object[]> {
  const text = toInput(message, literal);
  if (!attachments.length) return text;
  return [...(await Promise.all(attachments.map(toBlock))), { type: 'text', text }];
}

async function toBlock({ name, media_type, path }: Attachment): Promise<object> {
  const data = await readFile(path);
  if (media_type.startsWith('image/'))
    return { type: 'image', source: { type: 'base64', media_type, data: data.toString('base64') } };
  const source =
    media_type === 'application/pdf'
      ? { type: 'base64', media_type, data: data.toString('base64') }
      : { type: 'text', media_type: 'text/plain', data: data.toString('utf8') };
  return { type: 'document', source, title: name };
}
