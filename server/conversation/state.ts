import type { TurnWarning } from '../../contract/turn.ts';
import type { Run, RunSpec } from '../agent/port.ts';
import type { Turn } from '../store/port.ts';
import type { StopReason } from './turn/result.ts';
import { joinText, noText, type TextSoFar } from './turn/streamed-text.ts';

/** A turn that was started and whose end is not settled. */
export type Active = {
  turn: Turn;
  text: TextSoFar;
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
type Lingering = { convId: string; sessionId: string; run: Run; isEnding: boolean };

/** What goes on now: the turns that wait, those that run, and runs whose turn has ended and whose process has not. */
export type Lanes = {
  queue: Turn[];
  active: Map<string, Active>;
  /** By turn: after a reset a conversation can have more than one. */
  lingering: Map<string, Lingering>;
  /** The sessions that conversations will begin with, which have a live process already. */
  reserved: Map<string, string>;
};

export const createLanes = (): Lanes => ({ queue: [], active: new Map(), lingering: new Map(), reserved: new Map() });

export function createActive(turn: Turn, isLeftover = false): Active {
  return { turn, text: noText, spec: null, run: null, stop: null, isLeftover, warnings: [], context: null };
}

/** The turn that a conversation works on: of those that run the one that was not given to another. */
export function activeOf(lanes: Lanes, convId: string): Active | null {
  for (const active of lanes.active.values()) if (active.turn.conv_id === convId) return active;
  return null;
}

export const queuedOf = (lanes: Lanes, convId: string): Turn[] => lanes.queue.filter((turn) => turn.conv_id === convId);

export const isBusy = (lanes: Lanes, convId: string): boolean => activeOf(lanes, convId) !== null || queuedOf(lanes, convId).length > 0;

export const liveText = (active: Active): string => joinText(active.text);
