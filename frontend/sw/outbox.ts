import { acceptMessage } from '../api/accept.ts';
import type { ApiError } from '../api/client.ts';
import { markInOutbox, readOutbox, removeFromOutbox } from '../store/outbox-store.ts';
import { byConversation, lockOf, sendConversation } from '../store/sender.ts';

/** Sends what waits while no page is open. Rejects if some of it could not be sent, so that the browser tries again. */
export async function sendOutbox(): Promise<void> {
  const ids = [...byConversation(await readOutbox()).keys()];
  const stopped = await Promise.all(
    ids.map((id) => navigator.locks.request(lockOf(id), () => sendWaiting(id))),
  );
  new BroadcastChannel('outbox').postMessage('changed');
  for (const error of stopped) if (error) throw error;
}

async function sendWaiting(id: string): Promise<ApiError | null> {
  const waiting = async () => byConversation(await readOutbox()).get(id) ?? [];
  return sendConversation(waiting, acceptMessage, async (sent) => {
    if (sent.result === 'accepted') await removeFromOutbox(sent.item.id);
    else await markInOutbox(sent.item.id, { code: sent.error.code, problem: sent.error.message });
  });
}
