import type { TurnWarning } from '../../contract/turn.ts';
import type { Run, RunSpec } from '../agent/port.ts';
import type { Lease } from '../session/lease.ts';
import type { Turn } from '../store/port.ts';
import type { StopReason } from './turn/result.ts';
import { joinText, noText, type StreamedText } from './turn/streamed-text.ts';

/** A turn that was started and whose end is not settled. */
export type ActiveTurn = {
  turn: Turn;
  /** Null until its session is known, and for turns of an earlier server. */
  lease: Lease | null;
  text: StreamedText;
  spec: RunSpec | null;
  run: Run | null;
  stop: StopReason | null;
  /** It was running when an earlier process ended. */
  isLeftover: boolean;
  /** What is to be said beside its answer. */
  warnings: TurnWarning[];
  /** How much of the model's context is filled, as far as it is known. */
  context: { tokens: number; window: number | null } | null;
};

/** A process whose turn has ended. */
type DrainingRun = { convId: string; sessionId: string; run: Run; isEnding: boolean };

/** The turns that wait, those that run, and runs whose turn has ended and whose process has not. */
export type SchedulerState = {
  queue: Turn[];
  active: Map<string, ActiveTurn>;
  /** By turn: after a reset a conversation can have more than one. */
  draining: Map<string, DrainingRun>;
  /** The sessions that conversations will begin with, which have a live process already. */
  plannedSessions: Map<string, string>;
};

export const createSchedulerState = (): SchedulerState => ({
  queue: [],
  active: new Map(),
  draining: new Map(),
  plannedSessions: new Map(),
});

export function createActiveTurn(turn: Turn, isLeftover = false): ActiveTurn {
  return {
    turn,
    lease: null,
    text: noText,
    spec: null,
    run: null,
    stop: null,
    isLeftover,
    warnings: [],
    context: null,
  };
}

/** The turn that a conversation works on: of those that run the one that was not given to another. */
export function findActiveTurn(schedulerState: SchedulerState, convId: string): ActiveTurn | null {
  for (const active of schedulerState.active.values()) if (active.turn.conv_id === convId) return active;
  return null;
}

export const listQueued = (schedulerState: SchedulerState, convId: string): Turn[] =>
  schedulerState.queue.filter((turn) => turn.conv_id === convId);

export const isBusy = (schedulerState: SchedulerState, convId: string): boolean =>
  findActiveTurn(schedulerState, convId) !== null || listQueued(schedulerState, convId).length > 0;

export const streamedText = (active: ActiveTurn): string => joinText(active.text);
