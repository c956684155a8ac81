import type { Turn, TurnStore } from '../store/port.ts';
import type { SchedulerState } from './state.ts';

/** The turns that wait, in the order in which they start; the order within a conversation is kept on disk. */
export class TurnQueue {
  readonly #turns: Pick<TurnStore, 'reorder'>;
  readonly #state: Pick<SchedulerState, 'queue'>;
  readonly #now: () => Date;

  constructor(deps: {
    turns: Pick<TurnStore, 'reorder'>;
    schedulerState: Pick<SchedulerState, 'queue'>;
    now(): Date;
  }) {
    this.#turns = deps.turns;
    this.#state = deps.schedulerState;
    this.#now = deps.now;
  }

  list(): readonly Turn[] {
    return this.#state.queue;
  }

  get(turnId: string): Turn | undefined {
    return this.#state.queue.find(({ id }) => id === turnId);
  }

  add(turn: Turn): void {
    this.#state.queue.push(turn);
  }

  /** Puts a turn back that has not begun. */
  addFirst(turn: Turn): void {
    this.#state.queue.unshift(turn);
  }

  remove(turnId: string): Turn | undefined {
    const index = this.#state.queue.findIndex(({ id }) => id === turnId);
    return index < 0 ? undefined : this.#state.queue.splice(index, 1)[0];
  }

  /** Moves a turn to the front of its conversation, behind the turns that `isBefore` names, on disk as well. */
  promote(turn: Turn, isBefore: (other: Turn) => boolean = () => false): void {
    const { queue } = this.#state;
    const own = queue.filter(({ conv_id }) => conv_id === turn.conv_id);
    const others = own.filter((other) => other !== turn);
    const order = [...others.filter(isBefore), turn, ...others.filter((other) => !isBefore(other))];
    if (others.length === own.length || order.every((other, index) => other === own[index])) return;
    const turn_ids = order.map(({ id }) => id);
    const at = this.#now().toISOString();
    this.#turns.reorder(turn_ids, { type: 'queue.reordered', conv_id: turn.conv_id, at, turn_ids });
    const places = own.map((other) => queue.indexOf(other));
    const ranks = own.map(({ rank }) => rank);
    for (const [index, other] of order.entries()) {
      other.rank = ranks[index] as number;
      queue[places[index] as number] = other;
    }
  }
}
