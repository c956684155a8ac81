import type { PushMessage } from '../../contract/push.ts';
import { toJson } from '../util/json-text.ts';
import { type PushChannel, PushError } from './port.ts';
import type { SafePost } from './safe-post.ts';
import { headline } from './words.ts';

const priority: Record<PushMessage['kind'], number> = {
  needs_me: 4,
  failed: 4,
  finished: 3,
  test: 3,
  withdraw: 1,
};

/**
 * ntfy (ntfy.sh or a server of one's own), published as JSON. Its buttons call this server, so they need its
 * public address.
 */
export function createNtfy({ post, publicUrl }: { post: SafePost; publicUrl(): string | null }): PushChannel {
  return {
    async send(device, message) {
      // It has no way to take a message back.
      if (message.kind === 'withdraw') return;
      const { origin, pathname } = new URL(device.url);
      const base = publicUrl();
      const button = (label: string, token: string) => ({
        action: 'http',
        label,
        url: `${base}/api/push/actions/${token}`,
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'ngrok-skip-browser-warning': '1' },
        body: '{}',
        clear: true,
      });
      const { allow = null, deny = null } = message.prompt ?? {};
      const body = {
        topic: decodeURIComponent(pathname.slice(1)),
        title: headline(message),
        message: message.what || message.title,
        priority: priority[message.kind],
        ...(base ? { click: `${base}/c/${encodeURIComponent(message.conv_id)}` } : {}),
        ...(base && deny
          ? { actions: [...(allow ? [button('Allow', allow)] : []), button('Deny', deny)] }
          : {}),
      };
      const token = device.secret['token'];
      const { status, text } = await post(origin, {
        headers: {
          'Content-Type': 'application/json',
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
        },
        body: toJson(body),
      });
      if (status >= 300) throw new PushError(`ntfy answered ${status} ${text.slice(0, 200)}`.trim());
    },
  };
}
