import type { Run } from '../agent/port.ts';
import type { Turn } from '../store/port.ts';
import type { StopReason } from './outcome.ts';
import { joinText, noText, type TextSoFar } from './text-so-far.ts';

/** A turn that was started and whose end is not settled. */
export type Active = {
  turn: Turn;
  text: TextSoFar;
  run: Run | null;
  stop: StopReason | null;
  /** It was running when an earlier process ended. */
  isLeftover: boolean;
};

/** A process whose turn has ended. */
type Lingering = { convId: string; sessionId: string; run: Run; isEnding: boolean };

/** What goes on now: the turns that wait, those that run, and runs whose turn has ended and whose process has not. */
export type Lanes = {
  queue: Turn[];
  active: Map<string, Active>;
  /** By turn: after a reset a conversation can have more than one. */
  lingering: Map<string, Lingering>;
};

export const createLanes = (): Lanes => ({ queue: [], active: new Map(), lingering: new Map() });

export function createActive(turn: Turn, isLeftover = false): Active {
  return { turn, text: noText, run: null, stop: null, isLeftover };
}

export function activeOf(lanes: Lanes, convId: string): Active | null {
  for (const active of lanes.active.values()) if (active.turn.conv_id === convId) return active;
  return null;
}

export const queuedOf = (lanes: Lanes, convId: string): Turn[] => lanes.queue.filter((turn) => turn.conv_id === convId);

export const isBusy = (lanes: Lanes, convId: string): boolean => activeOf(lanes, convId) !== null || queuedOf(lanes, convId).length > 0;

export const liveText = (active: Active): string => joinText(active.text);
