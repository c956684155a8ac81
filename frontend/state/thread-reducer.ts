import type { ConversationSnapshot } from '../../contract/conversation.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { HistoryMessage, HistoryPage } from '../../contract/message.ts';

/** A tool that was used in the running turn. */
export type LiveTool = { id: string; name: string; input: string; isDone: boolean; isError: boolean };

/** The running turn while its text comes. `whole` are its messages that are complete, `open` what came of the next. */
export type LiveTurn = { turnId: string; message: string; whole: string[]; open: string; tools: LiveTool[]; retrying: string | null };

/** The end of the newest turn, where that was no answer. */
export type Failure = { turnId: string; isStop: boolean; message: string; title: string; detail: string; hint: string; text: string };

export type Thread = {
  snapshot: ConversationSnapshot;
  messages: HistoryMessage[];
  before: string | null;
  live: LiveTurn | null;
  failure: Failure | null;
  /** Grows when the history is out of date. */
  stale: number;
};

/** A thread as it is when a conversation is opened. What the running turn wrote is shown from its text alone. */
export function openThread(snapshot: ConversationSnapshot, page: HistoryPage): Thread {
  const { turn, last_turn } = snapshot;
  const startedAt = turn?.started_at;
  const live: LiveTurn | null = turn && {
    turnId: turn.turn_id,
    message: turn.message,
    whole: [],
    open: turn.text,
    tools: [],
    retrying: null,
  };
  const isBad = !turn && last_turn !== null && last_turn.state !== 'completed';
  const failure: Failure | null = isBad
    ? {
        turnId: last_turn.turn_id,
        isStop: last_turn.state === 'cancelled',
        message: last_turn.message,
        title: last_turn.error?.title ?? last_turn.state,
        detail: last_turn.error?.detail ?? '',
        hint: last_turn.error?.hint ?? '',
        text: last_turn.text,
      }
    : null;
  return {
    snapshot,
    messages: startedAt ? page.messages.filter((message) => message.at < startedAt) : page.messages,
    before: page.before,
    live,
    failure: failure && withoutKnown(failure, page.messages),
    stale: 0,
  };
}

/** The history has the message and the text of most turns that failed; what it has is not shown twice. */
function withoutKnown(failure: Failure, messages: readonly HistoryMessage[]): Failure {
  const isKnown = messages.slice(-20).some((message) => message.role === 'user' && message.text.slice(0, 2000).trim() === failure.message.trim());
  return isKnown ? { ...failure, message: '', text: '' } : failure;
}

/** What an event makes of a thread. */
export function reduceThread(thread: Thread, event: StoredEvent): Thread {
  if (event.type === 'conversation.changed') {
    return event.conversation ? { ...thread, snapshot: { ...thread.snapshot, ...event.conversation } } : thread;
  }
  if (event.type === 'turn.queued') {
    const queue = [...thread.snapshot.queue, queuedTurn(event)];
    return { ...thread, failure: null, snapshot: { ...thread.snapshot, queue } };
  }
  if (event.type === 'turn.started') return startTurn(thread, event.turn_id);
  if (isEnd(event)) {
    const queue = thread.snapshot.queue.filter((turn) => turn.turn_id !== event.turn_id);
    return { ...thread, snapshot: { ...thread.snapshot, queue }, stale: thread.stale + 1 };
  }
  const { live } = thread;
  if (!live || live.turnId !== event.turn_id) return thread;
  return { ...thread, live: reduceLive(live, event) };
}

const isEnd = (event: StoredEvent) => /^turn\.(completed|failed|cancelled|interrupted)$/.test(event.type);

function startTurn(thread: Thread, turnId: string): Thread {
  const message = thread.snapshot.queue.find((turn) => turn.turn_id === turnId)?.message ?? '';
  const queue = thread.snapshot.queue.filter((turn) => turn.turn_id !== turnId);
  const live: LiveTurn = { turnId, message, whole: [], open: '', tools: [], retrying: null };
  return { ...thread, live, failure: null, snapshot: { ...thread.snapshot, queue } };
}

function reduceLive(live: LiveTurn, event: StoredEvent): LiveTurn {
  switch (event.type) {
    case 'text.delta':
      return { ...live, open: live.open + event.text, retrying: null };
    case 'message':
      return event.parent_tool_id || !event.text ? live : { ...live, whole: [...live.whole, event.text], open: '', retrying: null };
    case 'turn.retrying':
      return { ...live, open: event.discard_text ? '' : live.open, retrying: `Trying again (${event.reason}) …` };
    case 'tool.started':
      return { ...live, tools: [...live.tools, { id: event.tool_id, name: event.name, input: event.input, isDone: false, isError: false }] };
    case 'tool.finished':
      return { ...live, tools: live.tools.map((tool) => (tool.id === event.tool_id ? { ...tool, isDone: true, isError: event.is_error } : tool)) };
    default:
      return live;
  }
}

function queuedTurn(event: Extract<StoredEvent, { type: 'turn.queued' }>): ConversationSnapshot['queue'][number] {
  return {
    turn_id: event.turn_id,
    conv_id: event.conv_id,
    state: 'queued',
    message: event.message,
    session_id: null,
    created_at: event.at,
    started_at: null,
    ended_at: null,
    text: '',
    result: null,
    error: null,
  };
}
