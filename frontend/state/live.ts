import { signal } from '@preact/signals';
import type { ResetEvent, StoredEvent } from '../../contract/event.ts';
import { call } from '../api/client.ts';
import { type LinkState, openStream, type StreamEvent } from '../api/stream.ts';
import { saveList } from '../store/read-store.ts';
import { deliverSoon } from './delivery.ts';
import { applyToList, list, loadList, rows, setList } from './list.ts';
import { forgetAccepted } from './outbox.ts';
import { route } from './route.ts';
import { isListed, recordSignIn, signedIn, user } from './session.ts';
import { applyToThread, catchUp, forgetThread, openId, reloadThread, showThread, thread } from './thread.ts';

/** How the page is joined to the server. */
export const link = signal<LinkState | 'connecting'>('connecting');

/** A line is looked at again when the page comes back after so long without a word on it. */
const staleMs = 4000;

/** The list is kept for the time without a connection, at most so often. */
const saveEveryMs = 1000;

/** What could not be read is read again after so long, or when the line is new. */
const retryMs = 4000;

/** Events that come while no frame is drawn are taken up after so long. */
const hiddenMs = 100;

let cursor: number | null = null;
let isWarmed = false;
/** Something could not be read that is to be shown. */
let isBehind = false;
let stream: ReturnType<typeof openStream> | null = null;
let queue: StreamEvent[] = [];
let isScheduled = false;
let isSaving = false;

/** Follows the server from a cursor on; without one from now on, when all that was before is read. */
export function startLive(from: number | null): void {
  cursor = from;
  stream?.dispose();
  stream = openStream({
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

/** Reads how all stands. Where that is cut off, it is done again when the line is back. */
async function readAll(): Promise<void> {
  isBehind = false;
  const isRead = await loadList();
  const isShown = isRead && (await refresh());
  isListed.value = true;
  isBehind = !isShown;
  saveSoon();
  if (isShown) warm();
  // The line may stand while the answers fail.
  else setTimeout(() => isBehind && void readAll(), retryMs);
}

/** Reads the open conversation anew; where none was asked for, the one that was used last is opened. False where it could not be read. */
async function refresh(): Promise<boolean> {
  const asked = route.value.name === 'chat' ? route.value.id : null;
  const isKnown = (id: string) => list.value.conversations.some((row) => row.id === id);
  const newest = rows.value[0];
  if (asked === null && newest && !isKnown(openId.value)) {
    openId.value = newest.id;
    // The stream was asked to tell another one word by word.
    stream?.kick();
  }
  if (asked !== null || isKnown(openId.value)) return reloadThread();
  // There is none any more: what this phone kept of it is nothing that could be written to.
  forgetThread(openId.value);
  return true;
}

/** Has the next answer begin at once; where no process can be kept it begins all the same. */
function warm(): void {
  isWarmed = true;
  const id = openId.value;
  if (list.value.conversations.some((row) => row.id === id))
    call('warmConversation', { params: { id } }).catch(() => {}); // It is a favour: the turn itself tells what is wrong.
}

/** All that came within a frame is drawn at once; a hidden page draws none. */
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

/** Keeps the list for the time without a connection. */
function saveSoon(): void {
  if (isSaving) return;
  isSaving = true;
  setTimeout(() => {
    isSaving = false;
    if (user.value) void saveList({ ...list.value, user: user.value }).catch(() => {});
  }, saveEveryMs);
}

const isTold = ({ type }: StoredEvent) =>
  /^(prompt\.opened|turn\.(completed|failed|interrupted))$/.test(type);

/** What a person sees here needs no push: a page that is visible says what it has shown. */
function reportSeen(events: readonly StoredEvent[]): void {
  // Nobody reads the chat behind another screen or a dialog, nor what comes below the place that is read.
  const isRead =
    document.visibilityState === 'visible' &&
    route.value.name === 'chat' &&
    !document.querySelector('dialog[open], .newest');
  if (!isRead) return;
  const seen = events
    .filter((event) => isTold(event) && event.conv_id === openId.value)
    .map(({ conv_id, id }) => ({ conv_id, event_id: id }));
  if (seen.length) call('reportSeen', { body: { seen } }, { keepalive: true }).catch(() => {}); // At worst a push comes for it.
}

/** Opens a conversation (without an id the one that was used last), and has its turns told word by word. */
export async function openConversation(asked: string | null): Promise<void> {
  const id = asked ?? rows.value[0]?.id ?? 'default';
  const isNone = asked === null && !rows.value.length;
  if (id === openId.value && !(isNone && thread.value)) return;
  if (isNone) {
    // There is none: the first message makes it.
    openId.value = id;
    thread.value = null;
    return;
  }
  const shown = showThread(id);
  stream?.kick();
  await shown;
  if (openId.value === id) warm();
}

/** The page comes back: from sleep, from another tab, onto another network. */
export function resync({ isSure = false } = {}): void {
  if (document.visibilityState !== 'visible') return;
  if (signedIn.value !== false) {
    if (!stream) startLive(cursor);
    else if (isSure || stream.idleMs() > staleMs) stream.kick();
  }
  deliverSoon();
}
