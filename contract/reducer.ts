import type { ConversationSnapshot } from './conversation.ts';
import { problemType } from './error.ts';
import type { StoredEvent } from './event.ts';
import { reduceParts } from './live-parts.ts';
import type { LiveTurn, TurnSummary } from './turn.ts';
import { endedStates } from './turn-state.ts';
import { noteAnswered, noteAsked } from './waiting.ts';

type EventOf<T extends StoredEvent['type']> = Extract<StoredEvent, { type: T }> & { turn_id: string };
type EndType = 'turn.completed' | 'turn.failed' | 'turn.cancelled' | 'turn.interrupted';
type EndEvent = { [T in EndType]: EventOf<T> }[EndType];

/** Whether an event is the last one of its turn. */
export const isEnd = (event: StoredEvent): event is StoredEvent & EndEvent =>
  endedStates.some((state) => event.type === `turn.${state}`);

/** The most that is kept of one turn's text; all of it is in the events and the transcript. */
const maxText = 4_000_000;

/**
 * What an event makes of a conversation. The server's snapshot and the page are made by this alone, so
 * that a snapshot and the events after its cursor always give what a later snapshot says.
 * An event that is in the snapshot already changes nothing.
 */
export function reduceConversation(before: ConversationSnapshot, event: StoredEvent): ConversationSnapshot {
  if (event.id <= before.cursor) return before;
  const after = { ...apply(before, event), cursor: event.id };
  return { ...after, ...derive(after) };
}

function derive({
  turn,
  queue,
  prompts,
}: ConversationSnapshot): Pick<ConversationSnapshot, 'state' | 'turn_id' | 'queued'> {
  // A terminal that has its session asks without a turn.
  const busy = prompts.length ? 'waiting' : turn ? 'running' : null;
  return {
    state: busy ?? (queue.length ? 'queued' : 'idle'),
    turn_id: turn?.turn_id ?? null,
    queued: queue.length,
  };
}

function apply(state: ConversationSnapshot, event: StoredEvent): ConversationSnapshot {
  switch (event.type) {
    case 'conversation.changed':
      return event.conversation ? { ...state, ...event.conversation } : state;
    case 'turn.queued':
      return queueTurn(state, event);
    case 'turn.changed':
      return {
        ...state,
        queue: state.queue.map((turn) =>
          turn.turn_id === event.turn_id ? { ...turn, ...said(event) } : turn,
        ),
      };
    case 'queue.reordered':
      return {
        ...state,
        queue: state.queue.toSorted(
          (a, b) => event.turn_ids.indexOf(a.turn_id) - event.turn_ids.indexOf(b.turn_id),
        ),
      };
    case 'turn.started':
      return startTurn(state, event);
    case 'turn.completed':
    case 'turn.failed':
    case 'turn.cancelled':
    case 'turn.interrupted':
      return endTurn(state, event as EndEvent);
    case 'prompt.opened': {
      const prompts = [...state.prompts.filter(({ id }) => id !== event.prompt.id), event.prompt];
      return { ...state, prompts, turn: state.turn && noteAsked(state.turn, event.prompt, event.at) };
    }
    case 'prompt.closed': {
      const prompts = state.prompts.filter(({ id }) => id !== event.prompt_id);
      const closed = state.prompts.find(({ id }) => id === event.prompt_id);
      return {
        ...state,
        prompts,
        turn: state.turn && noteAnswered(state.turn, closed, event, prompts.length > 0),
      };
    }
    case 'background.changed':
      return { ...state, background: event.tasks };
    case 'background.ended':
      return { ...state, background: state.background.filter(({ id }) => id !== event.task.id) };
    case 'usage':
      return event.context ? { ...state, context: event.context } : state;
    default:
      return state.turn?.turn_id === event.turn_id
        ? {
            ...state,
            turn: { ...reduceTurn(state.turn, event), parts: reduceParts(state.turn.parts, event) },
          }
        : state;
  }
}

const without = (turns: readonly TurnSummary[], id: string) => turns.filter(({ turn_id }) => turn_id !== id);
const said = ({ message, attachments }: EventOf<'turn.queued' | 'turn.changed'>) => ({
  message,
  attachments,
});

/** One that was about to run and could not be started waits again, as the first. */
function queueTurn(state: ConversationSnapshot, event: EventOf<'turn.queued'>): ConversationSnapshot {
  const others = without(state.queue, event.turn_id);
  if (state.turn?.turn_id !== event.turn_id) return { ...state, queue: [...others, queuedTurn(event)] };
  return { ...state, turn: null, queue: [queuedTurn(event), ...others] };
}

function queuedTurn(event: EventOf<'turn.queued'>): TurnSummary {
  return {
    ...said(event),
    turn_id: event.turn_id,
    conv_id: event.conv_id,
    state: 'queued',
    origin: event.origin,
    steers: null,
    session_id: null,
    created_at: event.at,
    started_at: null,
    ended_at: null,
    text: '',
    result: null,
    error: null,
  };
}

function startTurn(state: ConversationSnapshot, event: EventOf<'turn.started'>): ConversationSnapshot {
  const turn = state.queue.find(({ turn_id }) => turn_id === event.turn_id);
  if (!turn) return state;
  const started: TurnSummary = {
    ...turn,
    state: 'running',
    session_id: event.session_id,

    started_at: event.at,
    steers: event.steers,
  };
  const rest = { ...state, queue: without(state.queue, turn.turn_id) };
  return event.steers && state.turn
    ? { ...rest, steered: [...state.steered, started] }
    : { ...rest, turn: liveTurn(started) };
}

export const liveTurn = (turn: TurnSummary): LiveTurn => ({
  ...turn,
  open_from: turn.text.length,
  tools: [],
  parts: [],
  retrying: null,
});

function endTurn(state: ConversationSnapshot, event: EndEvent): ConversationSnapshot {
  const find = (turns: readonly TurnSummary[]) => turns.find(({ turn_id }) => turn_id === event.turn_id);
  const isRunning = state.turn?.turn_id === event.turn_id;
  const turn = (isRunning && state.turn) || find(state.steered) || find(state.queue);
  if (!turn) return state;
  const steered = without(state.steered, event.turn_id);
  const next = isRunning ? steered[0] : undefined;
  return {
    ...state,
    turn: isRunning ? (next ? liveTurn(next) : null) : state.turn,
    steered: next ? steered.slice(1) : steered,
    queue: without(state.queue, event.turn_id),
    prompts: state.prompts.filter(({ turn_id }) => turn_id !== event.turn_id),
    last_turn: endedTurn(turn, event),
  };
}

/** A turn with what its last event says of it, without what only a running one has. */
function endedTurn(turn: TurnSummary, event: EndEvent): TurnSummary {
  const {
    open_from: _o,
    tools: _t,
    parts: _p,
    retrying: _r,
    waits_since: _s,
    waited_ms: _w,
    ...ended
  } = turn as LiveTurn;
  const { type, id: _, at, conv_id: _c, turn_id: _i, ...rest } = event;
  const state = type.slice('turn.'.length) as TurnSummary['state'];
  if (type === 'turn.completed') {
    const result = { ...rest, conv_id: event.conv_id, turn_id: event.turn_id } as TurnSummary['result'];
    return { ...ended, state, ended_at: at, text: result?.response ?? '', result, error: null };
  }
  const { text, ...problem } = rest as { text: string } & Record<string, unknown>;
  return {
    ...ended,
    state,
    ended_at: at,
    text,
    result: null,
    error: { type: problemType(String(problem['code'])), ...problem } as TurnSummary['error'],
  };
}

/** A whole message takes the place of the pieces that came of it; a retry that starts over drops them. */
function reduceTurn(turn: LiveTurn, event: StoredEvent): LiveTurn {
  switch (event.type) {
    case 'text.delta': {
      if (turn.text.length > maxText) return turn;
      const gap = turn.open_from > 0 && turn.text.length === turn.open_from ? '\n\n' : '';
      return { ...turn, text: turn.text + gap + event.text, retrying: null };
    }
    case 'message': {
      if (event.parent_tool_id || !event.text) return turn;
      const whole = turn.text.slice(0, turn.open_from);
      const text = (whole && `${whole}\n\n`) + event.text;
      return { ...turn, text, open_from: text.length, retrying: null };
    }
    case 'turn.retrying':
      return {
        ...turn,
        text: event.discard_text ? turn.text.slice(0, turn.open_from) : turn.text,
        retrying: event.reason,
      };
    case 'tool.started': {
      const { tool_id, name, input, parent_tool_id } = event;
      return {
        ...turn,
        tools: [
          ...turn.tools.filter((tool) => tool.tool_id !== tool_id),
          { tool_id, name, input, parent_tool_id },
        ],
      };
    }
    case 'tool.finished':
      return { ...turn, tools: turn.tools.filter((tool) => tool.tool_id !== event.tool_id) };
    default:
      return turn;
  }
}
