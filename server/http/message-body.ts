import type { Received } from '../../contract/endpoint.ts';
import type { MessageFile } from '../conversation/conversations.ts';

type Body = Partial<Received<'acceptTurn', 'body'>>;

/** What of a request's body is a message's options, and its files as bytes. */
export function toMessage({ attachments, message: _, follow: __, ...options }: Body): {
  options: Omit<Body, 'attachments' | 'message' | 'follow'>;
  files: MessageFile[];
} {
  const files = (attachments ?? []).map(({ name, media_type, data }) => ({
    name,
    media_type,
    data: Buffer.from(data, 'base64'),
  }));
  return { options, files };
}
