import { signal } from '@preact/signals';
import type { ConversationSnapshot } from '../../contract/conversation.ts';
import type { Sent } from '../../contract/endpoint.ts';
import { ApiError, call, newKey } from '../api/client.ts';
import { follow } from '../api/follow.ts';
import { attempt, conversations, loadConversations } from './app-state.ts';
import { openThread, reduceThread, type Thread } from './thread-reducer.ts';

/** The conversation that is shown; null while it loads, or where nothing was said in it yet. */
export const thread = signal<Thread | null>(null);

export const isConnected = signal(true);

const pageSize = 30;
let following: { dispose(): void } | null = null;
let shownId = '';

/** Reads a conversation and follows it from there on. */
export async function showThread(id: string): Promise<void> {
  following?.dispose();
  following = null;
  const isOpened = id !== shownId;
  if (isOpened) thread.value = null;
  shownId = id;
  await attempt(async () => {
    const [snapshot, page] = await readThread(id);
    if (shownId !== id || !snapshot) return;
    thread.value = keepOlder(openThread(snapshot, page), thread.value);
    // The next answer is to begin at once; where no process can be kept it begins all the same.
    if (isOpened) call('warmConversation', { params: { id } }).catch(() => {});
    following = follow(id, snapshot.cursor, {
      reset: () => void showThread(id),
      connected(value) {
        isConnected.value = value;
      },
      event(event) {
        const before = thread.value;
        if (!before || shownId !== id) return;
        thread.value = reduceThread(before, event);
        if (thread.value.stale !== before.stale) void showThread(id).then(loadConversations);
      },
    });
  });
}

/** Pages that were loaded before stay in front of the newest one, where it joins on to them. */
function keepOlder(fresh: Thread, shown: Thread | null): Thread {
  const at = shown?.messages.findIndex((message) => message.id === fresh.messages[0]?.id) ?? -1;
  return shown && at > 0 ? { ...fresh, messages: [...shown.messages.slice(0, at), ...fresh.messages], before: shown.before } : fresh;
}

/** The snapshot first: its cursor is from before the history, so that no event falls between the two. */
async function readThread(id: string): Promise<[ConversationSnapshot | null, Awaited<ReturnType<typeof readPage>>]> {
  const nothing = { messages: [], before: null, session_id: null };
  // The default conversation is there from its first message on.
  if (id === 'default' && !conversations.value.some((row) => row.id === id)) {
    await loadConversations();
    if (!conversations.value.some((row) => row.id === id)) return [null, nothing];
  }
  try {
    const snapshot = await call('readConversation', { params: { id } });
    return [snapshot, await readPage(id)];
  } catch (error) {
    const isNew = error instanceof ApiError && error.code === 'conversation_not_found';
    if (!isNew) throw error;
    return [null, nothing];
  }
}

const readPage = (id: string, before?: string) => call('readMessages', { params: { id }, query: { limit: pageSize, before } });

/** Puts the page of history before the oldest message in front. */
export function showOlder(): Promise<boolean> {
  return attempt(async () => {
    const current = thread.value;
    if (!current?.before) return;
    const page = await readPage(current.snapshot.id, current.before);
    const now = thread.value;
    if (now?.before === current.before) thread.value = { ...now, messages: [...page.messages, ...now.messages], before: page.before };
  });
}

/** Sends a message. The same `key` may be sent again where the answer was lost: it becomes one turn. */
export async function sendMessage(id: string, message: string, key: string): Promise<boolean> {
  const isSent = await attempt(async () => {
    await call('acceptTurn', { params: { id }, body: { message, follow: true } }, { 'Idempotency-Key': key });
  });
  if (isSent) {
    await showThread(id);
    await loadConversations();
  }
  return isSent;
}

/** Answers a prompt. Its card goes when the server says that it is closed. */
export function answerPrompt(id: string, body: Sent<'answerPrompt', 'body'>): Promise<boolean> {
  return attempt(() => call('answerPrompt', { params: { id }, body }));
}

export function stopTurn(turnId: string): Promise<boolean> {
  return attempt(() => call('cancelTurn', { params: { id: turnId } }));
}

/** Reads all anew: a page that slept may have missed that it was cut off. */
export function resync(): void {
  if (document.visibilityState === 'visible' && shownId) void showThread(shownId).then(loadConversations);
}

export { newKey };
