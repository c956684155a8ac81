import { z } from 'zod';
import { NoticeKind } from './common.ts';

/** A time of day as a clock has it, 24 hours. */
const ClockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as "22:30"');

/** When no push is sent, except tests. Spans midnight if `from` is after `to`. */
const QuietHours = z.object({
  from: ClockTime,
  to: ClockTime,
  time_zone: z.string().max(64).refine(isTimeZone, 'must be a time zone such as "Europe/Berlin"'),
});
export type QuietHours = z.infer<typeof QuietHours>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** What holds for all devices. */
export const PushSettings = z.object({
  kinds: z
    .array(NoticeKind)
    .max(3)
    .describe('what a push is sent for, in conversations that do not say otherwise'),
  quiet: QuietHours.nullable(),
  again_after_min: z
    .number()
    .int()
    .min(1)
    .max(1440)
    .nullable()
    .describe('a reminder while a prompt still waits; null: never'),
});
export type PushSettings = z.infer<typeof PushSettings>;

/** Where a push goes: a browser (Web Push), an ntfy topic, or a webhook signed as standardwebhooks.com says. */
export const DeviceKind = z.enum(['web', 'ntfy', 'webhook']);

/** What became of a push. `shown` and `pressed` are reported by the device itself. */
export const DeliveryState = z.enum(['sent', 'shown', 'pressed', 'suppressed', 'failed']);

export const Delivery = z.object({
  notice_id: z.string(),
  device_id: z.string(),
  conv_id: z.string(),
  kind: z.enum([...NoticeKind.options, 'test']),
  state: DeliveryState,
  detail: z.string().nullable().describe('why it was not sent, or what went wrong'),
  at: z.string(),
});
export type Delivery = z.infer<typeof Delivery>;

export const PushDevice = z.object({
  id: z.string(),
  kind: DeviceKind,
  label: z.string(),
  address: z.string().describe('the host that it is sent to'),
  created_at: z.string(),
  last: Delivery.nullable(),
});
export type PushDevice = z.infer<typeof PushDevice>;

/** A web address that is called from the server. */
const Address = z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).max(2000);

const topicUrl = /^https?:\/\/[^/]+\/[^/?#]+$/;

const base64url = z.string().regex(/^[A-Za-z0-9_-]{8,200}={0,2}$/, 'must be base64url');

export const AddDevice = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('web'),
    label: z.string().trim().max(100).optional(),
    subscription: z
      .object({ endpoint: Address, keys: z.object({ p256dh: base64url, auth: base64url }) })
      .describe('as PushSubscription.toJSON() gives it'),
  }),
  z.object({
    kind: z.literal('ntfy'),
    label: z.string().trim().max(100).optional(),
    url: Address.regex(topicUrl, 'must end with a topic, such as https://ntfy.sh/my-topic'),
    token: z.string().max(200).optional(),
  }),
  z.object({ kind: z.literal('webhook'), label: z.string().trim().max(100).optional(), url: Address }),
]);
export type AddDevice = z.infer<typeof AddDevice>;

/** What a device gets. It says in its own language what is wanted. */
export type PushMessage = {
  notice_id: string;
  kind: NoticeKind | 'test' | 'withdraw';
  conv_id: string;
  title: string;
  /** What is asked for or said, in short. */
  what: string;
  prompt: { kind: string; tool: string; allow: string | null; deny: string | null } | null;
  at: string;
  /** How many prompts wait in all conversations: the badge of the app. */
  waiting: number;
};
