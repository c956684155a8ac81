import { acceptMessage, acceptWithProgress, isLarge } from '../api/accept.ts';
import { type ApiError, call } from '../api/client.ts';
import { markInOutbox, removeFromOutbox } from '../store/outbox-store.ts';
import { byConversation, lockOf, type SendResult, sendConversation } from '../store/sender.ts';
import { dropItems, findItem, patchItem, syncWithStore, unsent } from './outgoing.ts';
import { lastError, signedIn } from './session.ts';

const retryDelayMs = { first: 1000, last: 30_000 };

/** Tells other tabs that the outbox has changed; the worker posts here as well. */
export const outboxChannel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('outbox');

/** Sends the messages of one conversation, and tries again while the server cannot take them. */
class Delivery {
  readonly #convId: string;
  #isSending = false;
  /** More messages came while some were being sent. */
  #isAgain = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delay = retryDelayMs.first;

  constructor(convId: string) {
    this.#convId = convId;
  }

  start(): void {
    clearTimeout(this.#timer);
    if (this.#isSending) {
      this.#isAgain = true;
      return;
    }
    this.#isSending = true;
    void withLock(lockOf(this.#convId), () => this.#send()).finally(() => {
      this.#isSending = false;
      this.dropWithdrawn();
      if (!this.#isAgain) return;
      this.#isAgain = false;
      this.start();
    });
  }

  /** The next try need not wait: the server can be reached. */
  resetDelay(): void {
    clearTimeout(this.#timer);
    this.#delay = retryDelayMs.first;
  }

  /** A withdrawn message is kept while it may be on its way: if the server accepts it, its turn is deleted. */
  dropWithdrawn(): void {
    if (!this.#isSending)
      dropItems(({ conv_id, phase }) => conv_id === this.#convId && phase === 'withdrawn');
  }

  async #send(): Promise<void> {
    const error = await sendConversation(
      // Another tab may have sent some while this one waited for the lock.
      async () => byConversation(await syncWithStore()).get(this.#convId) ?? [],
      (item) =>
        isLarge(item)
          ? acceptWithProgress(item, (progress) => patchItem(item.id, { progress }))
          : acceptMessage(item),
      recordResult,
    );
    if (!error) {
      this.#delay = retryDelayMs.first;
      return;
    }
    reportError(error);
    const delay = Math.max((error.retryAfter ?? 0) * 1000, this.#delay);
    this.#timer = setTimeout(() => this.start(), delay);
    this.#delay = Math.min(this.#delay * 2, retryDelayMs.last);
  }
}

async function recordResult(sent: SendResult): Promise<void> {
  const { id } = sent.item;
  if (sent.result === 'refused') {
    const failure = { code: sent.error.code, problem: sent.error.message };
    patchItem(id, { ...failure, progress: null });
    await markInOutbox(id, failure).catch(() => {});
    return;
  }
  // At worst the turn runs already: then it is shown, and can be stopped.
  if (findItem(id)?.phase === 'withdrawn')
    call('deleteTurn', { params: { id: sent.turnId } }).catch(() => {});
  else patchItem(id, { phase: 'accepted', turnId: sent.turnId, progress: null, acceptedAt: Date.now() });
  await removeFromOutbox(id).catch(() => {});
  outboxChannel?.postMessage('changed');
  lastError.value = null;
}

function reportError(error: ApiError): void {
  if (error.status === 401) signedIn.value = false;
  else if (error.status !== 0) lastError.value = error.failure;
}

/** Without locks (on http) the keys of the messages keep any from running twice. */
async function withLock(name: string, work: () => Promise<void>): Promise<void> {
  if (navigator.locks) await navigator.locks.request(name, work);
  else await work();
}

const deliveries = new Map<string, Delivery>();

function deliveryOf(convId: string): Delivery {
  const delivery = deliveries.get(convId) ?? new Delivery(convId);
  deliveries.set(convId, delivery);
  return delivery;
}

/** Tries to send everything that waits, each conversation separately: a long upload holds up no other one. */
export function deliverAll(): void {
  for (const id of byConversation(unsent()).keys()) deliveryOf(id).start();
}

/** There is a connection again: nothing has to wait for its next try. */
export function deliverSoon(): void {
  for (const delivery of deliveries.values()) delivery.resetDelay();
  if (unsent().some(({ problem }) => problem === null)) deliverAll();
}

export const dropWithdrawn = (convId: string): void => deliveryOf(convId).dropWithdrawn();
