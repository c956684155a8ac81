import type { PushMessage } from '../../contract/push.ts';
import { toJson } from '../util/json-text.ts';
import { type PushChannel, PushError } from './port.ts';
import type { SafePost } from './safe-post.ts';
import type { VapidKeys } from './vapid.ts';

/** How long a push service keeps a message for a phone that is off. */
const ttlS = 12 * 3600;

/**
 * RFC 8292 asks for a contact. Apple refuses one on localhost, so a server without a public address gives
 * this.
 */
const placeholderContact = 'mailto:switchboard@example.org';

/**
 * For a phone that is off, only the newest message of a conversation waits. A topic has at most 32
 * characters.
 */
const topicOf = (id: string) => Buffer.from(id).toString('base64url').slice(-32);

/** Web Push (RFC 8291, 8292): encrypted for the browser, so that the push service cannot read it. */
export function createWebPush({
  post,
  vapid,
  publicUrl,
}: {
  post: SafePost;
  vapid(): Promise<VapidKeys>;
  publicUrl(): string | null;
}): PushChannel {
  return {
    async send(device, message: PushMessage) {
      // Loaded when first used: it costs 4 MB of memory.
      const [{ default: webPush }, keys] = await Promise.all([import('web-push'), vapid()]);
      const { p256dh = '', auth = '' } = device.secret;
      const details = webPush.generateRequestDetails(
        { endpoint: device.url, keys: { p256dh, auth } },
        toJson(message),
        {
          vapidDetails: { subject: publicUrl() ?? placeholderContact, ...keys },
          TTL: ttlS,
          urgency: message.kind === 'needs_me' ? 'high' : 'normal',
          topic: topicOf(message.conv_id || message.notice_id),
          contentEncoding: 'aes128gcm',
        },
      );
      const headers = Object.fromEntries(
        Object.entries(details.headers).map(([name, value]) => [name, String(value)]),
      );
      const { status, text } = await post(details.endpoint, { headers, body: details.body as Buffer });
      if (status >= 300)
        throw new PushError(
          `the push service answered ${status} ${text.slice(0, 200)}`.trim(),
          status === 404 || status === 410,
        );
    },
  };
}
