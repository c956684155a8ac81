import { ApiError } from '../api/client.ts';
import type { OutboxItem } from './database.ts';

/** What became of a message. */
export type SendResult =
  | { item: OutboxItem; result: 'accepted'; turnId: string }
  | { item: OutboxItem; result: 'refused'; error: ApiError };

/** The status of errors that pass, by themselves or with a new sign-in: the message waits. */
const temporary = new Set([0, 401, 408, 425, 429, 500, 502, 503, 504, 507]);

type Post = (item: OutboxItem) => Promise<{ turn_id: string }>;
type RecordResult = (sent: SendResult) => Promise<void>;

/** One tab, or the worker, sends the messages of a conversation at a time. */
export const lockOf = (convId: string): string => `outbox ${convId}`;

/** Messages by conversation, in their order. */
export function byConversation(items: readonly OutboxItem[]): Map<string, OutboxItem[]> {
  const groups = new Map<string, OutboxItem[]>();
  for (const item of items) groups.set(item.conv_id, [...(groups.get(item.conv_id) ?? []), item]);
  return groups;
}

/**
 * Sends the messages of one conversation, one after the other. `waiting` is called before each, so that a message that
 * was withdrawn meanwhile is not sent. Resolves to the error that the rest waits for, or null. A message that was
 * refused waits for a person, and none behind it overtakes it.
 */
export async function sendConversation(
  waiting: () => Promise<readonly OutboxItem[]>,
  post: Post,
  record: RecordResult,
): Promise<ApiError | null> {
  const done = new Set<string>();
  for (;;) {
    const item = (await waiting()).find(({ id }) => !done.has(id));
    if (!item || item.problem !== null) return null;
    done.add(item.id);
    try {
      const { turn_id } = await post(item);
      await record({ item, result: 'accepted', turnId: turn_id });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (temporary.has(error.status)) return error;
      await record({ item, result: 'refused', error });
      return null;
    }
  }
}
