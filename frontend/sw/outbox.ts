import { acceptMessage } from '../api/accept.ts';
import { markInOutbox, readOutbox, removeFromOutbox } from '../store/outbox-store.ts';
import { sendAll } from '../store/sender.ts';

/** Sends what waits, while no page does. Rejects where it could not all be sent, so that the browser tries again. */
export async function sendOutbox(): Promise<void> {
  await navigator.locks.request('outbox', async () => {
    const stopped = await sendAll(await readOutbox(), acceptMessage, async (sent) => {
      if (sent.result === 'accepted') await removeFromOutbox(sent.item.id);
      else await markInOutbox(sent.item.id, sent.problem);
    });
    new BroadcastChannel('outbox').postMessage('changed');
    if (stopped) throw stopped;
  });
}
