import { createDecipheriv, createECDH, createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';
import type { PushMessage } from '../../contract/push.ts';
import { until } from './until.ts';

export type ReceivedPost = { path: string; headers: Record<string, string>; body: Buffer };

/** Something on loopback that takes what is posted to it: a push service, an ntfy server, a webhook. */
export async function startPostBox(): Promise<{
  url: string;
  posts: ReceivedPost[] /** What it answers from now on. */;
  status: number;
}> {
  const posts: ReceivedPost[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    posts.push({
      path: request.url ?? '',
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks),
    });
    response.writeHead(own.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const own = { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, posts, status: 201 };
  return own;
}

const hkdf = (salt: Buffer, key: Buffer, info: Buffer, length: number) => {
  const prk = createHmac('sha256', salt).update(key).digest();
  return createHmac('sha256', prk)
    .update(Buffer.concat([info, Buffer.from([1])]))
    .digest()
    .subarray(0, length);
};

/** A browser's half of a subscription: its keys, and how it decrypts a message (RFC 8291). */
export function createSubscriber() {
  const ecdh = createECDH('prime256v1');
  const p256dh = ecdh.generateKeys();
  const auth = randomBytes(16);
  return {
    keys: { p256dh: p256dh.toString('base64url'), auth: auth.toString('base64url') },
    decrypt(body: Buffer): PushMessage {
      const salt = body.subarray(0, 16);
      const idLength = body[20] ?? 0;
      const sender = body.subarray(21, 21 + idLength);
      const secret = hkdf(
        auth,
        ecdh.computeSecret(sender),
        Buffer.concat([Buffer.from('WebPush: info\0'), p256dh, sender]),
        32,
      );
      const key = hkdf(salt, secret, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
      const nonce = hkdf(salt, secret, Buffer.from('Content-Encoding: nonce\0'), 12);
      const sealed = body.subarray(21 + idLength);
      const decipher = createDecipheriv('aes-128-gcm', key, nonce);
      decipher.setAuthTag(sealed.subarray(-16));
      const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
      // A 2 marks the end of the only record; zeros may fill it up.
      return JSON.parse(plain.subarray(0, plain.lastIndexOf(2)).toString('utf8'));
    },
  };
}

/** Waits for a post that `find` takes. */
export const waitForPost = <T>(
  box: { posts: ReceivedPost[] },
  what: string,
  find: (post: ReceivedPost) => T | undefined | false,
) =>
  until(what, () => {
    for (const post of box.posts) {
      const found = find(post);
      if (found) return found;
    }
    return null;
  });
