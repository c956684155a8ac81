import { ApiError } from '../api/client.ts';
import type { OutboxItem } from './database.ts';

/** What became of a try: `later` ends the round, since nothing else would get through either. */
export type Sent = { item: OutboxItem; result: 'accepted'; turnId: string } | { item: OutboxItem; result: 'refused'; problem: string };

/** Errors that go away by themselves, or with a new sign-in: the message waits. */
const passing = new Set([0, 401, 408, 425, 429, 500, 502, 503, 504, 507]);

/**
 * Sends what waits, in its order, one after the other. A message that the server refuses stays, and those of
 * its conversation behind it wait with it, so that none overtakes another. Resolves with the error that
 * stopped it, or null when nothing is left to send.
 */
export async function sendAll(
  items: readonly OutboxItem[],
  post: (item: OutboxItem) => Promise<{ turn_id: string }>,
  note: (sent: Sent) => Promise<void>,
): Promise<ApiError | null> {
  const blocked = new Set<string>();
  for (const item of items) {
    if (item.problem !== null) blocked.add(item.conv_id);
    if (blocked.has(item.conv_id)) continue;
    try {
      const { turn_id } = await post(item);
      await note({ item, result: 'accepted', turnId: turn_id });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (passing.has(error.status)) return error;
      await note({ item, result: 'refused', problem: `${error.message} ${error.hint}` });
      blocked.add(item.conv_id);
    }
  }
  return null;
}
