import { computed, effect, untracked } from '@preact/signals';
import type { StoredEvent } from '../../contract/event.ts';
import { isEnd } from '../../contract/reducer.ts';
import { newKey } from '../api/client.ts';
import { messages } from '../i18n/messages.ts';
import type { OutboxItem } from '../store/database.ts';
import { addToOutbox, markInOutbox, removeFromOutbox } from '../store/outbox-store.ts';
import { deliverAll, dropWithdrawn, outboxChannel } from './delivery.ts';
import {
  addItem,
  dropItems,
  findItem,
  type Outgoing,
  outgoing,
  patchItem,
  syncWithStore,
} from './outgoing.ts';
import { lastRead, openId, thread } from './thread.ts';
import { includesTurn } from './thread-reducer.ts';

/** What to show of the open conversation: a message that its events report needs nothing else. */
export const shownOutgoing = computed(() => {
  const current = thread.value;
  return outgoing.value.filter(
    ({ conv_id, turnId }) =>
      conv_id === openId.value &&
      (turnId === null || !current || current.snapshot.id !== conv_id || !includesTurn(current, turnId)),
  );
});

/** Takes over what an earlier page left, and follows what the worker or another tab sends of it. */
export async function startOutbox(): Promise<void> {
  await syncWithStore();
  if (outboxChannel) outboxChannel.onmessage = () => void syncWithStore();
  effect(() => {
    if (lastRead.value) untracked(() => forgetAccepted());
  });
  deliverAll();
}

type NewMessage = Pick<OutboxItem, 'conv_id' | 'text' | 'files' | 'steer'>;

const createItem = (message: NewMessage, problem: string | null): OutboxItem => ({
  ...message,
  id: newKey(),
  created_at: new Date().toISOString(),
  problem,
});

/** Sends a message: it is saved here before this resolves, and goes to the server as soon as that can be reached. */
export async function sendMessage(message: NewMessage): Promise<void> {
  const item = createItem(message, null);
  addItem(item, item.files.length ? 'reading' : 'unsaved');
  await saveItem(item);
}

/** A copy of a file: what a phone's picker returns may be gone from the disk, or the cloud, in a moment. */
async function copyFile({
  name,
  type,
  blob,
}: OutboxItem['files'][number]): Promise<OutboxItem['files'][number]> {
  return { name, type, blob: new Blob([await blob.arrayBuffer()], { type: blob.type }) };
}

/** Reads the files of a message, saves it, and has it sent. */
async function saveItem(item: OutboxItem): Promise<void> {
  try {
    if (item.files.length) item.files = await Promise.all(item.files.map(copyFile));
  } catch {
    patchItem(item.id, { problem: messages.value.fileUnreadable });
    return;
  }
  if (findItem(item.id)?.phase === 'reading') patchItem(item.id, { files: item.files, phase: 'unsaved' });
  try {
    await addToOutbox(item);
    // It may have been withdrawn, or sent by an earlier delivery, while it was being saved.
    if (findItem(item.id)?.phase === 'unsaved') patchItem(item.id, { phase: 'saved' });
    else if (findItem(item.id)?.phase !== 'saved') await removeFromOutbox(item.id);
  } catch {
    // A browser that stores nothing (a private window, no room) still sends it while the page is open.
  }
  requestSync();
  deliverAll();
}

/** Keeps a text that can no longer be what it was meant for, with the reason: a person sends or discards it. */
export function parkMessage(convId: string, text: string, problem: string): void {
  const item = createItem({ conv_id: convId, text, files: [], steer: false }, problem);
  addItem(item, 'unsaved');
  addToOutbox(item).then(
    () => findItem(item.id)?.phase === 'unsaved' && patchItem(item.id, { phase: 'saved' }),
    () => {}, // It lasts as long as the page.
  );
}

export async function discardMessage(id: string): Promise<void> {
  const item = findItem(id);
  if (!item) return;
  patchItem(id, { phase: 'withdrawn' });
  await removeFromOutbox(id).catch(() => {});
  dropWithdrawn(item.conv_id);
  outboxChannel?.postMessage('changed');
  deliverAll();
}

/** Tries again to send a message that was refused, or whose files could not be read. */
export async function retryMessage(id: string): Promise<void> {
  patchItem(id, { problem: null, code: undefined });
  const item = findItem(id);
  if (item?.phase === 'reading') return saveItem({ ...item });
  await markInOutbox(id, { problem: null }).catch(() => {});
  deliverAll();
}

/** Has the browser start the worker when there is a connection, even after the page was closed. */
function requestSync(): void {
  navigator.serviceWorker?.ready
    .then((registration) =>
      (registration as unknown as { sync?: { register(tag: string): Promise<void> } }).sync?.register(
        'outbox',
      ),
    )
    .catch(() => {}); // Not every browser has it: then the page sends when it is opened.
}

/**
 * Forgets messages that the server has and that are shown otherwise: the open conversation knows the turn, or was read
 * after it was accepted, or the turn has ended.
 */
export function forgetAccepted(events: readonly StoredEvent[] = []): void {
  const current = thread.value;
  const read = lastRead.value;
  const ended = new Set(events.filter(isEnd).map((event) => ('turn_id' in event ? event.turn_id : null)));
  dropItems(
    ({ conv_id, turnId, acceptedAt = 0 }: Outgoing) =>
      turnId !== null &&
      ((conv_id !== openId.value && ended.has(turnId)) ||
        (read?.id === conv_id && acceptedAt < read.begunAt) ||
        (current?.snapshot.id === conv_id && includesTurn(current, turnId))),
  );
}
