import type { ConversationSnapshot } from '../../contract/conversation.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { HistoryMessage, HistoryPage, HistoryTurn } from '../../contract/message.ts';
import { reduceConversation } from '../../contract/reducer.ts';
import type { LiveTurn, TurnSummary } from '../../contract/turn.ts';

/** A turn that ended since the history was read, as it was while it ran, with the messages that were given to it. */
export type EndedTurn = { turn: LiveTurn; steered: TurnSummary[]; end: TurnSummary };

/** The open conversation: how it stands, and the pages of its history that were read. */
export type Thread = {
  snapshot: ConversationSnapshot;
  messages: HistoryMessage[];
  turns: HistoryTurn[];
  before: string | null;
  ended: EndedTurn[];
};

type Page = Pick<HistoryPage, 'messages' | 'turns' | 'before'>;

/** The thread of a conversation that is opened. The running turn is shown only from the snapshot. */
export function openThread(snapshot: ConversationSnapshot, page: Page): Thread {
  const last = lastAnswered(snapshot);
  const ended = last ? [last] : [];
  return mergeNewestPage({ snapshot, messages: [], turns: [], before: null, ended }, page);
}

/** The newest turn as one that has just ended, if it was answered in the session that is shown. */
function lastAnswered({ turn, last_turn, session_id }: ConversationSnapshot): EndedTurn | null {
  if (turn || !last_turn?.result || last_turn.result.session_id !== session_id) return null;
  const parts: LiveTurn['parts'] = [{ type: 'text', text: last_turn.text }];
  return {
    turn: { ...last_turn, open_from: 0, tools: [], parts, retrying: null },
    steered: [],
    end: last_turn,
  };
}

/** Without the running turn, which the transcript contains as well. */
function withoutRunning(messages: HistoryMessage[], { turn }: ConversationSnapshot): HistoryMessage[] {
  return beforeTime(messages, turn?.started_at ?? null);
}

const beforeTime = (messages: HistoryMessage[], time: string | null) =>
  time ? messages.filter(({ at }) => at < time) : messages;

/** How much of an answer is searched for in the history. */
const knownBy = 200;

/** Whether the history has all of an ended turn: the CLI may write the end of the text a moment later. */
function hasWhole(messages: readonly HistoryMessage[], { turn, end }: EndedTurn): boolean {
  // There are later messages: then the turn was written long ago, in this page or an earlier one.
  if (messages.some(({ at }) => end.ended_at !== null && at > end.ended_at)) return true;
  const ours = messages.filter(({ at }) => end.started_at !== null && at >= end.started_at);
  const words =
    turn.parts
      .findLast((part) => part.type === 'text')
      ?.text.trim()
      .slice(0, knownBy) ?? '';
  return words === ''
    ? ours.length > 0
    : ours.some(({ role, text }) => role !== 'user' && text.includes(words));
}

/** Merges the newest page of the history; earlier pages stay if it continues them. */
export function mergeNewestPage(thread: Thread, page: Page): Thread {
  const ended = thread.ended.filter((one) => !hasWhole(page.messages, one));
  // A turn that is shown separately is left out of the history.
  const newest = withoutRunning(beforeTime(page.messages, ended[0]?.end.started_at ?? null), thread.snapshot);
  const at = thread.messages.findIndex(({ id }) => id === newest[0]?.id);
  const older = at > 0 ? thread.messages.slice(0, at) : [];
  const turns = [
    ...thread.turns.filter(({ turn_id }) => !page.turns.some((turn) => turn.turn_id === turn_id)),
    ...page.turns,
  ];
  return {
    ...thread,
    messages: [...older, ...newest],
    turns: at > 0 ? turns : page.turns,
    before: at > 0 ? thread.before : page.before,
    ended,
  };
}

/** Puts a page of the history in front of the thread. */
export function prependPage(thread: Thread, page: Page): Thread {
  const older = withoutRunning(page.messages, thread.snapshot);
  return {
    ...thread,
    messages: [...older, ...thread.messages],
    turns: [...page.turns, ...thread.turns],
    before: page.before,
  };
}

/** Applies an event to a thread. */
export function reduceThread(thread: Thread, event: StoredEvent): Thread {
  const { snapshot: before } = thread;
  const snapshot = reduceConversation(before, event);
  if (snapshot === before) return thread;
  const { turn } = before;
  const end = snapshot.last_turn;
  const hasEnded = turn && end?.turn_id === turn.turn_id && snapshot.turn?.turn_id !== turn.turn_id;
  if (!hasEnded) return { ...thread, snapshot };
  // If its text was not streamed, its end has all of it.
  const parts: LiveTurn['parts'] =
    turn.parts.length || !end.text ? turn.parts : [{ type: 'text', text: end.text }];
  // It may have been read as ended before its end event arrived.
  const others = thread.ended.filter((one) => one.end.turn_id !== end.turn_id);
  return {
    ...thread,
    snapshot,
    ended: [...others, { turn: { ...turn, parts }, steered: before.steered, end }],
  };
}

/** The end of the newest turn if it was not answered; `isKnown` if the history shows its message. */
export type Failure = { turn: TurnSummary; isKnown: boolean };

/** Null if the newest turn was answered, or another one runs or waits. */
export function failureOf({ snapshot, messages, ended }: Thread): Failure | null {
  const { turn, queue, last_turn } = snapshot;
  if (turn || queue.length || !last_turn || last_turn.state === 'completed') return null;
  const isShown = ended.some(({ end }) => end.turn_id === last_turn.turn_id);
  const said = last_turn.message.trim();
  const isKnown =
    isShown ||
    messages.slice(-30).some(({ role, text }) => role === 'user' && text.slice(0, 2000).trim() === said);
  return { turn: last_turn, isKnown };
}

/** Whether a thread shows a turn, so that its message need not be shown separately. */
export function includesTurn({ snapshot, turns, ended }: Thread, turnId: string): boolean {
  const { turn, queue, steered, last_turn } = snapshot;
  return (
    [turn, last_turn, ...queue, ...steered].some((one) => one?.turn_id === turnId) ||
    turns.some((one) => one.turn_id === turnId) ||
    ended.some(({ end }) => end.turn_id === turnId)
  );
}
