import { computed, effect, signal, untracked } from '@preact/signals';
import type { StoredEvent } from '../../contract/event.ts';
import { isEnd } from '../../contract/reducer.ts';
import { acceptMessage, acceptWithProgress, isLarge } from '../api/accept.ts';
import { type ApiError, call, describeError, newKey } from '../api/client.ts';
import type { OutboxItem } from '../store/database.ts';
import { addToOutbox, markInOutbox, readOutbox, removeFromOutbox } from '../store/outbox-store.ts';
import { byConversation, lockOf, sendConversation } from '../store/sender.ts';
import { words } from '../word/words.ts';
import { signedIn, trouble } from './session.ts';
import { lastRead, openId, thread } from './thread.ts';
import { knowsTurn } from './thread-reducer.ts';

/** A message as the page shows it until the server's events do: still here (with how far it is), or taken. */
export type Outgoing = OutboxItem & {
  turnId: string | null;
  progress: number | null;
  /** When the server took it, by the clock of this page. */
  takenAt?: number;
};

export const outgoing = signal<Outgoing[]>([]);

/** What is to be shown of the open conversation: a message that its events tell of needs nothing else. */
export const shownOutgoing = computed(() => {
  const current = thread.value;
  return outgoing.value.filter(
    ({ conv_id, turnId }) =>
      conv_id === openId.value &&
      (turnId === null || !current || current.snapshot.id !== conv_id || !knowsTurn(current, turnId)),
  );
});

const retryMs = { first: 1000, last: 30_000 };
const channelName = 'outbox';

/** By conversation: when it is tried again, and how long after that. */
const retries = new Map<string, { timer: ReturnType<typeof setTimeout>; delay: number }>();

/** Conversations whose messages are being sent, and those of them in which more has come meanwhile. */
const sending = new Set<string>();
const sendAgain = new Set<string>();

const patch = (id: string, changes: Partial<Outgoing>) => {
  outgoing.value = outgoing.value.map((item) => (item.id === id ? { ...item, ...changes } : item));
};

/** What the browser has not on its disk: about to be written, or refused for want of room. It lives as long as the page. */
const unsaved = new Set<string>();

/** Their files are being read, or could not be: none of them is sent yet, and none behind them in its conversation. */
const unread = new Set<string>();

/** Taken back while they were on their way: should the server have them, it is told so. */
const takenBack = new Set<string>();

const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(channelName);

/** Takes up what was left here, and listens to what the worker or another tab sends of it. */
export async function startOutbox(): Promise<void> {
  await reread();
  if (channel) channel.onmessage = () => void reread();
  effect(() => {
    if (lastRead.value) untracked(() => forgetKnown());
  });
  flush();
}

/** Shows what the browser's store has: another tab or the worker can have sent some. Gives all that is still to be sent. */
async function reread(): Promise<OutboxItem[]> {
  const items = await readOutbox().catch(() => null);
  const waiting = outgoing.value.filter(({ turnId }) => turnId === null);
  if (!items) return waiting;
  const known = new Map(outgoing.value.map((item) => [item.id, item]));
  const taken = outgoing.value.filter(({ turnId }) => turnId !== null);
  const here = waiting.filter(({ id }) => unsaved.has(id) && !items.some((item) => item.id === id));
  const kept = items.filter(({ id }) => !taken.some((item) => item.id === id));
  // One that could not be kept has its place among those that were.
  const all = [...kept, ...here].sort(
    (a, b) => a.created_at.localeCompare(b.created_at) || (a.seq ?? 0) - (b.seq ?? 0),
  );
  outgoing.value = [
    ...taken,
    ...all.map((item) => ({ ...item, turnId: null, progress: known.get(item.id)?.progress ?? null })),
  ];
  return all.map((item) => (unread.has(item.id) ? { ...item, problem: item.problem ?? '' } : item));
}

/** A file as it is now: what a phone's picker gives may be gone from the disk, or the cloud, in a moment. */
async function readNow({
  name,
  type,
  blob,
}: OutboxItem['files'][number]): Promise<OutboxItem['files'][number]> {
  return { name, type, blob: new Blob([await blob.arrayBuffer()], { type: blob.type }) };
}

/** Sends a message: it is kept here before this resolves, and goes to the server as soon as that can be reached. */
export async function send(message: Pick<OutboxItem, 'conv_id' | 'text' | 'files' | 'steer'>): Promise<void> {
  const item: OutboxItem = { ...message, id: newKey(), created_at: new Date().toISOString(), problem: null };
  unsaved.add(item.id);
  if (item.files.length) unread.add(item.id);
  outgoing.value = [...outgoing.value, { ...item, turnId: null, progress: null }];
  await keep(item);
}

/** Reads its files, keeps it, and has it sent. */
async function keep(item: OutboxItem): Promise<void> {
  try {
    if (item.files.length) item.files = await Promise.all(item.files.map(readNow));
    patch(item.id, { files: item.files });
    unread.delete(item.id);
  } catch {
    patch(item.id, { problem: words.value.fileUnreadable });
    return;
  }
  try {
    await addToOutbox(item);
    unsaved.delete(item.id);
  } catch {
    // A browser that keeps nothing (a private window, no room) still sends it while the page is open.
  }
  if (takenBack.delete(item.id)) await removeFromOutbox(item.id).catch(() => {});
  askForSync();
  flush();
}

/** Keeps a text that can no longer be what it was meant for, with the reason, to be sent or discarded. */
export function hold(convId: string, text: string, problem: string): void {
  const item: OutboxItem = {
    conv_id: convId,
    text,
    files: [],
    steer: false,
    id: newKey(),
    created_at: new Date().toISOString(),
    problem,
  };
  unsaved.add(item.id);
  outgoing.value = [...outgoing.value, { ...item, turnId: null, progress: null }];
  addToOutbox(item).then(
    () => unsaved.delete(item.id),
    () => {}, // It lives as long as the page.
  );
}

export async function discard(id: string): Promise<void> {
  outgoing.value = outgoing.value.filter((item) => item.id !== id);
  takenBack.add(id);
  unsaved.delete(id);
  unread.delete(id);
  await removeFromOutbox(id).catch(() => {});
  channel?.postMessage('changed');
  flush();
}

export async function again(id: string): Promise<void> {
  patch(id, { problem: null });
  const item = unread.has(id) && outgoing.value.find((one) => one.id === id);
  if (item) return keep({ ...item });
  await markInOutbox(id, null).catch(() => {});
  flush();
}

/** Has the browser start the worker when there is a connection, also after the page was closed. */
function askForSync(): void {
  navigator.serviceWorker?.ready
    .then((registration) =>
      (registration as unknown as { sync?: { register(tag: string): Promise<void> } }).sync?.register(
        'outbox',
      ),
    )
    .catch(() => {}); // Not every browser has it: then the page sends when it is opened.
}

/** Where there are no locks (on http) the keys of the messages see to it that none is run twice. */
async function alone(name: string, work: () => Promise<void>): Promise<void> {
  if (navigator.locks) await navigator.locks.request(name, work);
  else await work();
}

/** Tries to send all that waits: each conversation by itself, so that an upload that takes its time holds up no other. */
export function flush(): void {
  const waiting = outgoing.value.filter(({ turnId }) => turnId === null);
  for (const id of byConversation(waiting).keys()) flushConversation(id);
}

function flushConversation(id: string): void {
  clearTimeout(retries.get(id)?.timer);
  if (sending.has(id)) {
    sendAgain.add(id);
    return;
  }
  sending.add(id);
  void alone(lockOf(id), () => sendWaiting(id)).finally(() => {
    sending.delete(id);
    if (sendAgain.delete(id)) flushConversation(id);
  });
}

async function sendWaiting(id: string): Promise<void> {
  const stopped = await sendConversation(
    // Another tab can have sent some while this one waited for its turn.
    async () => byConversation(await reread()).get(id) ?? [],
    (item) =>
      isLarge(item)
        ? acceptWithProgress(item, (progress) => patch(item.id, { progress }))
        : acceptMessage(item),
    async (sent) => {
      if (sent.result === 'accepted') {
        // At worst it runs already: then it is shown, and can be stopped.
        if (takenBack.has(sent.item.id)) call('deleteTurn', { params: { id: sent.turnId } }).catch(() => {});
        patch(sent.item.id, { turnId: sent.turnId, progress: null, takenAt: Date.now() });
        unsaved.delete(sent.item.id);
        await removeFromOutbox(sent.item.id).catch(() => {});
        channel?.postMessage('changed');
        trouble.value = null;
      } else {
        patch(sent.item.id, { problem: sent.problem, progress: null });
        await markInOutbox(sent.item.id, sent.problem).catch(() => {});
      }
    },
  );
  if (!stopped) {
    retries.delete(id);
    return;
  }
  noteStop(stopped);
  const delay = retries.get(id)?.delay ?? retryMs.first;
  const timer = setTimeout(() => flushConversation(id), Math.max((stopped.retryAfter ?? 0) * 1000, delay));
  retries.set(id, { timer, delay: Math.min(delay * 2, retryMs.last) });
}

function noteStop(stopped: ApiError): void {
  if (stopped.status === 401) signedIn.value = false;
  else if (stopped.status !== 0) trouble.value = describeError(stopped);
}

/** A connection has come: what waits need not wait for its time. */
export function flushSoon(): void {
  for (const { timer } of retries.values()) clearTimeout(timer);
  retries.clear();
  if (outgoing.value.some(({ turnId, problem }) => turnId === null && problem === null)) flush();
}

/** What the server was given is done with when the open conversation knows it, was read after that, or its turn has ended. */
export function forgetKnown(events: readonly StoredEvent[] = []): void {
  const current = thread.value;
  const read = lastRead.value;
  const over = new Set(events.filter(isEnd).map((event) => ('turn_id' in event ? event.turn_id : null)));
  const isKnown = ({ conv_id, turnId, takenAt = 0 }: Outgoing): boolean =>
    turnId !== null &&
    ((conv_id !== openId.value && over.has(turnId)) ||
      (read?.id === conv_id && takenAt < read.begunAt) ||
      (current?.snapshot.id === conv_id && knowsTurn(current, turnId)));
  const left = outgoing.value.filter((item) => !isKnown(item));
  if (left.length !== outgoing.value.length) outgoing.value = left;
}
