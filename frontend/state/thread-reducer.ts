import type { ConversationSnapshot } from '../../contract/conversation.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { HistoryMessage, HistoryPage } from '../../contract/message.ts';
import { reduceConversation } from '../../contract/reducer.ts';

/** The end of the newest turn, where that was no answer. What the history has of it is left out. */
export type Failure = { turnId: string; isStop: boolean; message: string; title: string; detail: string; hint: string; text: string };

/** The open conversation: how it stands, and the pages of its history that were read. */
export type Thread = {
  snapshot: ConversationSnapshot;
  messages: HistoryMessage[];
  before: string | null;
  failure: Failure | null;
  /** Grows when the history is out of date. */
  stale: number;
};

/** A thread as it is when a conversation is opened. What the running turn says is shown from the snapshot alone. */
export function openThread(snapshot: ConversationSnapshot, page: HistoryPage): Thread {
  const startedAt = snapshot.turn?.started_at;
  return {
    snapshot,
    messages: startedAt ? page.messages.filter((message) => message.at < startedAt) : page.messages,
    before: page.before,
    failure: failureOf(snapshot, page.messages),
    stale: 0,
  };
}

function failureOf({ turn, last_turn }: ConversationSnapshot, messages: readonly HistoryMessage[]): Failure | null {
  if (turn || !last_turn || last_turn.state === 'completed') return null;
  const { turn_id, state, error } = last_turn;
  const isKnown = messages.slice(-20).some(({ role, text }) => role === 'user' && text.slice(0, 2000).trim() === last_turn.message.trim());
  return {
    turnId: turn_id,
    isStop: state === 'cancelled',
    message: isKnown ? '' : last_turn.message,
    title: error?.title ?? state,
    detail: error?.detail ?? '',
    hint: error?.hint ?? '',
    text: isKnown ? '' : last_turn.text,
  };
}

const isEnd = ({ type }: StoredEvent) => /^turn\.(completed|failed|cancelled|interrupted)$/.test(type);

/** What an event makes of a thread. */
export function reduceThread(thread: Thread, event: StoredEvent): Thread {
  const snapshot = reduceConversation(thread.snapshot, event);
  const failure = snapshot.turn || snapshot.queue.length ? null : thread.failure;
  return { ...thread, snapshot, failure, stale: thread.stale + (isEnd(event) ? 1 : 0) };
}
