import { computed, signal } from '@preact/signals';
import type { ConversationSnapshot } from '../../contract/conversation.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { HistoryPage } from '../../contract/message.ts';
import { isEnd } from '../../contract/reducer.ts';
import { ApiError, call } from '../api/client.ts';
import { readThread, removeThread, saveThread } from '../store/read-store.ts';
import { runReported } from './session.ts';
import { mergeNewestPage, openThread, prependPage, reduceThread, type Thread } from './thread-reducer.ts';

/** The conversation that is shown; null while it loads, or before its first message. */
export const thread = signal<Thread | null>(null);

/** What is shown of it outside the chat. These change rarely, while the thread changes with each word. */
export const runningTurn = computed(() => thread.value?.snapshot.turn?.turn_id ?? null);
export const threadTitle = computed(() => thread.value?.snapshot.title ?? null);
export const modeName = computed(() => {
  const snapshot = thread.value?.snapshot;
  return snapshot ? (snapshot.permission_mode ?? snapshot.runs_with.permission_mode) : null;
});
/** How full the context is, in percent, if known. */
export const contextShare = computed(() => {
  const context = thread.value?.snapshot.context;
  return context?.window ? Math.round((100 * context.tokens) / context.window) : null;
});

/** Which conversation the page shows, whether or not it is loaded. */
export const openId = signal('');

/** The open conversation was deleted while it was shown. */
export const isDeleted = signal(false);

/** When what is shown was read, if it comes from this phone's own store. */
export const savedAt = signal<string | null>(null);

export const isLoading = signal(false);

const pageSize = 30;

/** What could not be read is read again after this time, and when the connection is back. */
const retryMs = 4000;
const maxTries = 4;

/** The history of an ended turn could not be read. */
let isHistoryOld = false;

/** Events of the open conversation that arrived while it was being read. */
let waiting: StoredEvent[] = [];
/** Recently opened ones, which are shown at once when a person goes back to them. */
const recent = new Map<string, Thread>();
const maxRecent = 12;

/** The number of further pages that are read to find the start of a long turn. */
const maxBack = 6;

/** The newest page, with those before it back to the first message of its last turn. */
async function readBackTo(id: string, newest: HistoryPage): Promise<HistoryPage> {
  let page = newest;
  for (let more = 0; more < maxBack && page.before && !isWholeTurn(page.messages); more += 1) {
    const before = await readPage(id, page.before);
    page = {
      ...page,
      messages: [...before.messages, ...page.messages],
      turns: [...before.turns, ...page.turns],
      before: before.before,
    };
  }
  return page;
}

/** With one message before it, at which it is merged with earlier pages. */
const isWholeTurn = (messages: HistoryPage['messages']) =>
  messages.findLastIndex(({ role }) => role === 'user') > 0;

const readPage = (id: string, before?: string) =>
  call('readMessages', { params: { id }, query: { limit: pageSize, before } });

/** Shows a conversation: at once what is stored here, then its current state. */
export async function showThread(id: string): Promise<void> {
  if (thread.value) keepRecent(thread.value);
  openId.value = id;
  isDeleted.value = false;
  const known = recent.get(id);
  thread.value = known ?? null;
  savedAt.value = null;
  if (!known) await showSaved(id);
  await reloadThread();
}

/** Shows what this phone stored of a conversation, until the server answers. */
export async function showSaved(id: string): Promise<void> {
  const saved = await readThread(id).catch(() => undefined);
  if (!saved || thread.value || openId.value !== id) return;
  thread.value = openThread(saved.snapshot, saved.page);
  savedAt.value = saved.at;
}

function keepRecent(left: Thread): void {
  recent.delete(left.snapshot.id);
  recent.set(left.snapshot.id, left);
  if (recent.size > maxRecent) recent.delete(recent.keys().next().value as string);
}

/** Shows a conversation that came with the page. */
export function startThread(
  id: string,
  snapshot: ConversationSnapshot | null,
  page: HistoryPage | null,
): void {
  openId.value = id;
  thread.value = snapshot && page ? openThread(snapshot, page) : null;
}

/** Which conversation was read last, and when: everything that the server had accepted before is in it. */
export const lastRead = signal<{ id: string; begunAt: number } | null>(null);

/** The number of the newest read of the open conversation: answers of earlier ones are dropped. */
let reading = 0;

/** The open conversation could not be read. */
let isStale = false;

/** Reads the open conversation again; events that arrive meanwhile are applied after that. */
export async function reloadThread(): Promise<boolean> {
  const id = openId.value;
  reading += 1;
  const own = reading;
  const begunAt = Date.now();
  isLoading.value = true;
  isStale = true;
  waiting = [];
  try {
    return await runReported(async () => {
      const [snapshot, page] = await Promise.all([
        readSnapshot(id),
        readPageOf(id).then((newest) => readBackTo(id, newest)),
      ]);
      if (own !== reading) return;
      isStale = false;
      takeRead(id, snapshot, page);
      lastRead.value = { id, begunAt };
    });
  } finally {
    if (own === reading) {
      isLoading.value = false;
      waiting = [];
      if (isStale) setTimeout(() => own === reading && void catchUp(), retryMs);
    }
  }
}

function takeRead(id: string, snapshot: ConversationSnapshot | null, page: HistoryPage): void {
  const before = thread.value?.snapshot.id === id ? thread.value : null;
  const fresh =
    snapshot && (before ? mergeNewestPage({ ...before, snapshot }, page) : openThread(snapshot, page));
  thread.value = fresh && waiting.reduce(reduceThread, fresh);
  isDeleted.value = !snapshot && (isDeleted.value || before !== null);
  savedAt.value = null;
  // A turn can have ended between the two answers: its end is in the events that waited.
  if (fresh && waiting.some(isEnd)) void refreshHistory();
  if (snapshot) void saveThread({ id, snapshot, page, at: new Date().toISOString() }).catch(() => {});
}

async function orNothing<T>(reading: Promise<T>, nothing: T): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'conversation_not_found') return nothing;
    throw error;
  }
}

const readSnapshot = (id: string) =>
  orNothing<ConversationSnapshot | null>(call('readConversation', { params: { id } }), null);
const readPageOf = (id: string) =>
  orNothing(readPage(id), { messages: [], turns: [], before: null, session_id: null });

/** Applies events of all conversations; those of the open one change what is shown. */
export function applyToThread(events: readonly StoredEvent[]): void {
  for (const event of events)
    if (event.type === 'conversation.changed' && event.conversation === null) forgetThread(event.conv_id);
  const ours = events.filter(({ conv_id }) => conv_id === openId.value);
  if (!ours.length) return;
  if (isLoading.value) waiting.push(...ours);
  const before = thread.value;
  if (!before) {
    // It was just created, by a message from here or from elsewhere.
    if (!isLoading.value) void reloadThread();
    return;
  }
  thread.value = ours.reduce(reduceThread, before);
  if (ours.some(isEnd)) void refreshHistory();
}

/** A conversation was deleted: nothing of it is shown or stored any longer. */
export function forgetThread(id: string): void {
  recent.delete(id);
  void removeThread(id).catch(() => {});
  if (openId.value !== id) return;
  // A conversation that was never shown needs no message.
  if (thread.value) isDeleted.value = true;
  thread.value = null;
  savedAt.value = null;
}

/** The connection is back: what could not be read meanwhile is read now. */
export function catchUp(): void {
  if (isStale) void reloadThread();
  else if (isHistoryOld) void refreshHistory();
}

/** Reads the newest page of the history: the transcript has more of a turn than its events. */
async function refreshHistory(tries = 0): Promise<void> {
  const id = openId.value;
  const page = await readPage(id)
    .then((newest) => readBackTo(id, newest))
    .catch(() => null);
  // What is shown is right without it; it is asked for again when the line is back.
  isHistoryOld = page === null;
  const current = thread.value;
  if (!page || current?.snapshot.id !== id) return;
  thread.value = mergeNewestPage(current, page);
  // The last words are not in the transcript yet: a moment later they are.
  if (thread.value.ended.length && tries < maxTries)
    setTimeout(() => openId.value === id && void refreshHistory(tries + 1), retryMs / 4);
  await saveThread({ id, snapshot: thread.value.snapshot, page, at: new Date().toISOString() }).catch(
    () => {},
  );
}

/** Puts the page of history before the oldest message in front. */
export function showOlder(): Promise<boolean> {
  return runReported(async () => {
    const current = thread.value;
    if (!current?.before) return;
    const page = await readPage(current.snapshot.id, current.before);
    const now = thread.value;
    if (now?.snapshot.id === current.snapshot.id && now.before === current.before)
      thread.value = prependPage(now, page);
  });
}
