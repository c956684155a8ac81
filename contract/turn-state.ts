/** Every state of a turn. */
export const turnStates = [
  'queued',
  'running',
  'waiting',
  'completed',
  'failed',
  'cancelled',
  'interrupted',
] as const;
type TurnState = (typeof turnStates)[number];

/** The states in which a turn is over; a turn that reached one never changes its state again. */
export const endedStates = ['completed', 'failed', 'cancelled', 'interrupted'] as const satisfies TurnState[];

/** Whether a turn is over. */
export const isEnded = ({ state }: { state: TurnState }): boolean =>
  (endedStates as readonly TurnState[]).includes(state);
