import { signal } from '@preact/signals';
import type { ResetEvent, StoredEvent } from '../../contract/event.ts';
import { call } from '../api/client.ts';
import { EventStream, type LinkState, type StreamEvent } from '../api/stream.ts';
import { saveList } from '../store/read-store.ts';
import { deliverSoon } from './delivery.ts';
import { applyToList, list, loadList, rows, setList } from './list.ts';
import { forgetAccepted } from './outbox.ts';
import { route } from './route.ts';
import { isListed, recordSignIn, signedIn, user } from './session.ts';
import { applyToThread, catchUp, forgetThread, openId, reloadThread, showThread, thread } from './thread.ts';

/** The state of the connection to the server. */
export const link = signal<LinkState | 'connecting'>('connecting');

/** When the page comes back, a connection that was silent for this long is replaced. */
const staleMs = 4000;

/** The list is saved for the time without a connection, at most this often. */
const saveEveryMs = 1000;

/** What could not be read is read again after this time, or on a new connection. */
const retryMs = 4000;

/** Events that arrive while no frames are drawn are applied after this time. */
const hiddenMs = 100;

let cursor: number | null = null;
let isWarmed = false;
/** Something that should be shown could not be read. */
let isBehind = false;
let stream: EventStream | null = null;
let queue: StreamEvent[] = [];
let isScheduled = false;
let isSaving = false;

/** Follows the server after a cursor; without one, reads everything and follows from now on. */
export function startLive(from: number | null): void {
  cursor = from;
  stream?.dispose();
  stream = new EventStream({
    cursor: () => cursor,
    detail: () => openId.value || 'default',
    opened(at) {
      recordSignIn(true);
      if (cursor === null || isBehind) {
        cursor ??= at;
        void readAll();
      } else if (!isWarmed) warm();
      catchUp();
    },
    events(events) {
      for (const event of events) {
        if (event.type !== 'reset' && event.id <= (cursor ?? 0)) continue;
        cursor = event.id;
        queue.push(event);
      }
      schedule();
    },
    state(state) {
      if (state !== 'lost' && link.value !== state) deliverSoon();
      link.value = state;
    },
    refused() {
      recordSignIn(false);
      stopLive();
    },
  });
}

export function stopLive(): void {
  stream?.dispose();
  stream = null;
}

/** Reads the current state of everything; again when the connection is back, if it was cut off. */
async function readAll(): Promise<void> {
  isBehind = false;
  const isRead = await loadList();
  const isShown = isRead && (await refresh());
  isListed.value = true;
  isBehind = !isShown;
  saveSoon();
  if (isShown) warm();
  // The stream may be open while requests fail.
  else setTimeout(() => isBehind && void readAll(), retryMs);
}

/**
 * Reads the open conversation again, or opens the newest one if the address names none. False if it could not be read.
 */
async function refresh(): Promise<boolean> {
  const asked = route.value.name === 'chat' ? route.value.id : null;
  const isKnown = (id: string) => list.value.conversations.some((row) => row.id === id);
  const newest = rows.value[0];
  if (asked === null && newest && !isKnown(openId.value)) {
    openId.value = newest.id;
    // The stream follows another conversation word by word.
    stream?.reconnect();
  }
  if (asked !== null || isKnown(openId.value)) return reloadThread();
  // It no longer exists: nothing can be written to the copy on this phone.
  forgetThread(openId.value);
  return true;
}

/** Starts the live process of the conversation, so that the next answer begins sooner. */
function warm(): void {
  isWarmed = true;
  const id = openId.value;
  if (list.value.conversations.some((row) => row.id === id))
    call('warmConversation', { params: { id } }).catch(() => {}); // Best effort: the turn reports any real error.
}

/** Events of one frame are drawn together; a hidden page draws no frames. */
function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  const run = () => {
    isScheduled = false;
    takeQueue();
  };
  if (document.visibilityState === 'visible') requestAnimationFrame(run);
  else setTimeout(run, hiddenMs);
}

function takeQueue(): void {
  const events = queue;
  queue = [];
  const reset = events.findLast((event): event is ResetEvent => event.type === 'reset');
  if (reset) {
    setList({ conversations: reset.conversations, prompts: reset.prompts });
    void refresh().then((isRead) => {
      isBehind ||= !isRead;
    });
  }
  const after = events.slice(reset ? events.indexOf(reset) + 1 : 0) as StoredEvent[];
  applyToList(after);
  applyToThread(after);
  forgetAccepted(after);
  reportSeen(after);
  saveSoon();
}

/** Saves the list for the time without a connection. */
function saveSoon(): void {
  if (isSaving) return;
  isSaving = true;
  setTimeout(() => {
    isSaving = false;
    if (user.value) void saveList({ ...list.value, user: user.value }).catch(() => {});
  }, saveEveryMs);
}

const isNotified = ({ type }: StoredEvent) =>
  /^(prompt\.opened|turn\.(completed|failed|interrupted))$/.test(type);

/** Reports what a visible page has shown: it needs no push. */
function reportSeen(events: readonly StoredEvent[]): void {
  // The chat is not read behind another screen or a dialog, nor below the place that a person has scrolled to.
  const isRead =
    document.visibilityState === 'visible' &&
    route.value.name === 'chat' &&
    !document.querySelector('dialog[open], .newest');
  if (!isRead) return;
  const seen = events
    .filter((event) => isNotified(event) && event.conv_id === openId.value)
    .map(({ conv_id, id }) => ({ conv_id, event_id: id }));
  if (seen.length) call('reportSeen', { body: { seen } }, { keepalive: true }).catch(() => {}); // At worst a push comes for it.
}

/** Opens a conversation (without an id the newest one), and follows its turns word by word. */
export async function openConversation(asked: string | null): Promise<void> {
  const id = asked ?? rows.value[0]?.id ?? 'default';
  const isNone = asked === null && !rows.value.length;
  if (id === openId.value && !(isNone && thread.value)) return;
  if (isNone) {
    // There is none: the first message creates it.
    openId.value = id;
    thread.value = null;
    return;
  }
  const shown = showThread(id);
  stream?.reconnect();
  await shown;
  if (openId.value === id) warm();
}

/** The page comes back: from sleep, from another tab, onto another network. */
export function resync({ isSure = false } = {}): void {
  if (document.visibilityState !== 'visible') return;
  if (signedIn.value !== false) {
    if (!stream) startLive(cursor);
    else if (isSure || stream.idleMs() > staleMs) stream.reconnect();
  }
  deliverSoon();
}
