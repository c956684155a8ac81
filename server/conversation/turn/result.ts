import { type ErrorCode, toProblem } from '../../../contract/error.ts';
import type { Event } from '../../../contract/event.ts';
import type { ChatAnswer, TurnSummary, TurnWarning } from '../../../contract/turn.ts';
import type { RunEnd } from '../../agent/port.ts';
import type { Turn, TurnEnd, TurnOptions } from '../../store/port.ts';
import { truncateText } from '../../transcript/truncate.ts';

/** Why we ended a run ourselves. */
export type StopReason = 'cancel' | 'timeout' | 'budget' | 'shutdown' | 'crash';

const stopped: Record<StopReason, { state: TurnEnd['state']; code: ErrorCode }> = {
  cancel: { state: 'cancelled', code: 'turn_cancelled' },
  timeout: { state: 'failed', code: 'turn_timed_out' },
  budget: { state: 'failed', code: 'budget_reached' },
  shutdown: { state: 'interrupted', code: 'turn_interrupted' },
  crash: { state: 'interrupted', code: 'turn_interrupted' },
};

/**
 * What a turn came to. An answer counts even if a stop was on its way; any other end of a run that we
 * stopped is the stop. `text` is what the model wrote, for a turn without an answer.
 */
export function resolveTurnEnd(
  turn: Turn,
  how: {
    end: RunEnd | null;
    stopTurn: StopReason | null;
    detail?: string;
    text: string;
    at: string;
    warnings?: readonly TurnWarning[];
  },
): TurnEnd {
  const { end, stopTurn: stop, text, at } = how;
  if (end?.kind === 'answer') {
    return {
      state: 'completed',
      text: end.response,
      result: toAnswer(turn, end, how.warnings ?? []),
      error: null,
      ended_at: at,
    };
  }
  const rest = { text, result: null, ended_at: at };
  if (stop) {
    const { state, code } = stopped[stop];
    return { ...rest, state, error: { code, detail: how.detail ?? toProblem(code).detail } };
  }
  const failure = end ?? { code: 'internal', detail: how.detail ?? 'The turn ended without a reason.' };
  return { ...rest, state: 'failed', error: { code: failure.code, detail: failure.detail } };
}

function toAnswer(
  turn: Turn,
  end: Extract<RunEnd, { kind: 'answer' }>,
  warnings: readonly TurnWarning[],
): ChatAnswer {
  return {
    response: end.response,
    session_id: end.sessionId,
    conv_id: turn.conv_id,
    turn_id: turn.id,
    cost: end.totalCost,
    turns: end.turns,
    success: true,
    error: null,
    duration_ms: Math.round(end.durationMs),
    usage: end.usage,
    permission_denials: end.permissionDenials,
    ...(end.structuredOutput === undefined ? {} : { structured_output: end.structuredOutput }),
    ...(warnings.length ? { warnings: [...warnings] } : {}),
  };
}

/** The end of a turn whose agent was never started. */
export const stoppedEarly = (stop: StopReason, at: Date): TurnEnd => ({
  state: stop === 'cancel' ? 'cancelled' : 'interrupted',
  text: '',
  result: null,
  error: {
    code: stop === 'cancel' ? 'turn_cancelled' : 'turn_interrupted',
    detail: 'It was stopped before the agent was started.',
  },
  ended_at: at.toISOString(),
});

/** The event that reports an end. */
export function toEndEvent(turn: Turn, end: TurnEnd): Event {
  const common = { conv_id: turn.conv_id, turn_id: turn.id, at: end.ended_at ?? '' };
  if (end.state === 'completed' && end.result) return { type: 'turn.completed', ...common, ...end.result };
  const { type: _, ...problem } = toProblem(end.error?.code ?? 'internal', end.error?.detail, {
    turn_id: turn.id,
  });
  const type =
    end.state === 'cancelled' || end.state === 'interrupted' ? (`turn.${end.state}` as const) : 'turn.failed';
  return { ...problem, type, ...common, text: end.text };
}

/** The attachments of a turn as they are shown. */
export const shownAttachments = ({ attachments = [] }: TurnOptions) =>
  attachments.map(({ name, media_type, bytes }) => ({ name, media_type, bytes }));

/** A turn as the API shows it; `text` is what a running one has written so far. */
export function toSummary(turn: Turn, text = turn.text): TurnSummary {
  return {
    turn_id: turn.id,
    conv_id: turn.conv_id,
    state: turn.state,
    origin: turn.origin,
    message: truncateText(turn.message, 2000).text,
    attachments: shownAttachments(turn.options),
    steers: turn.steers,
    session_id: turn.session_id,
    created_at: turn.created_at,
    started_at: turn.started_at,
    ended_at: turn.ended_at,
    text,
    result: turn.result,
    error: turn.error && toProblem(turn.error.code, turn.error.detail, { turn_id: turn.id }),
  };
}
