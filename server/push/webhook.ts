import { Webhook } from 'standardwebhooks';
import { toJson } from '../util/json-text.ts';
import { type PushChannel, PushError } from './port.ts';
import type { SafePost } from './safe-post.ts';

/** A webhook, signed as standardwebhooks.com says: `webhook-id`, `webhook-timestamp`, `webhook-signature`. */
export function createWebhook({
  post,
  publicUrl,
  now,
}: {
  post: SafePost;
  publicUrl(): string | null;
  now(): Date;
}): PushChannel {
  return {
    async send(device, message) {
      const base = publicUrl();
      const data = { ...message, url: base && `${base}/c/${encodeURIComponent(message.conv_id)}` };
      const body = toJson({ type: `switchboard.${message.kind}`, timestamp: message.at, data });
      const at = now();
      const id = `${message.notice_id}.${message.kind}`;
      const { status, text } = await post(device.url, {
        headers: {
          'Content-Type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': new Webhook(device.secret['secret'] ?? '').sign(id, at, body),
        },
        body,
      });
      if (status >= 300)
        throw new PushError(`the webhook answered ${status} ${text.slice(0, 200)}`.trim(), status === 410);
    },
  };
}
