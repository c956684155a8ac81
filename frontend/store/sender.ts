import { ApiError, inWords } from '../api/client.ts';
import type { OutboxItem } from './database.ts';

/** What became of a message. */
export type Sent = { item: OutboxItem; result: 'accepted'; turnId: string } | { item: OutboxItem; result: 'refused'; problem: string };

/** Errors that go away by themselves, or with a new sign-in: the message waits. */
const passing = new Set([0, 401, 408, 425, 429, 500, 502, 503, 504, 507]);

type Post = (item: OutboxItem) => Promise<{ turn_id: string }>;
type Note = (sent: Sent) => Promise<void>;

/** Sends the messages of one conversation, one after the other, until one is refused or cannot be sent now. */
async function sendConversation(items: readonly OutboxItem[], post: Post, note: Note): Promise<ApiError | null> {
  for (const item of items) {
    // None overtakes one that was refused: that one waits for the person.
    if (item.problem !== null) return null;
    try {
      const { turn_id } = await post(item);
      await note({ item, result: 'accepted', turnId: turn_id });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (passing.has(error.status)) return error;
      await note({ item, result: 'refused', problem: inWords(error) });
      return null;
    }
  }
  return null;
}

/**
 * Sends what waits: those of one conversation in their order, conversations beside each other, so that an upload
 * that takes its time holds up nothing else. Resolves with an error for which something still waits, or null.
 */
export async function sendAll(items: readonly OutboxItem[], post: Post, note: Note): Promise<ApiError | null> {
  const byConversation = new Map<string, OutboxItem[]>();
  for (const item of items) byConversation.set(item.conv_id, [...(byConversation.get(item.conv_id) ?? []), item]);
  const stopped = await Promise.all([...byConversation.values()].map((own) => sendConversation(own, post, note)));
  return stopped.find((error) => error !== null) ?? null;
}
