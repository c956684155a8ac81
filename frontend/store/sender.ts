import { ApiError, describeError } from '../api/client.ts';
import type { OutboxItem } from './database.ts';

/** What became of a message. */
export type Sent =
  | { item: OutboxItem; result: 'accepted'; turnId: string }
  | { item: OutboxItem; result: 'refused'; problem: string };

/** Errors that go away by themselves, or with a new sign-in: the message waits. */
const passing = new Set([0, 401, 408, 425, 429, 500, 502, 503, 504, 507]);

type Post = (item: OutboxItem) => Promise<{ turn_id: string }>;
type Note = (sent: Sent) => Promise<void>;

/** One tab or the worker sends the messages of a conversation at a time; the key of each message sees to the rest. */
export const lockOf = (convId: string): string => `outbox ${convId}`;

/** What waits, by conversation, in its order. */
export function byConversation(items: readonly OutboxItem[]): Map<string, OutboxItem[]> {
  const found = new Map<string, OutboxItem[]>();
  for (const item of items) found.set(item.conv_id, [...(found.get(item.conv_id) ?? []), item]);
  return found;
}

/**
 * Sends the messages of one conversation, one after the other. `waiting` is asked before each: what was taken back
 * meanwhile is not sent. Resolves with the error for which they wait, or null: none overtakes one that was refused,
 * which waits for the person.
 */
export async function sendConversation(
  waiting: () => Promise<readonly OutboxItem[]>,
  post: Post,
  note: Note,
): Promise<ApiError | null> {
  const done = new Set<string>();
  for (;;) {
    const item = (await waiting()).find(({ id }) => !done.has(id));
    if (!item || item.problem !== null) return null;
    done.add(item.id);
    try {
      const { turn_id } = await post(item);
      await note({ item, result: 'accepted', turnId: turn_id });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (passing.has(error.status)) return error;
      await note({ item, result: 'refused', problem: describeError(error) });
      return null;
    }
  }
}
