import type { Prompt } from '../../contract/prompt.ts';
import type { TurnSummary } from '../../contract/turn.ts';
import { isEnded } from '../../contract/turn-state.ts';
import { AppError } from '../app-error.ts';
import type { Prompts } from '../prompt/prompts.ts';
import type { MappingStore, Turn, TurnStore } from '../store/port.ts';
import type { MessageAcceptor, MessageChange } from './accept-message.ts';
import type { ConversationRecords } from './records.ts';
import type { Scheduler } from './scheduler.ts';
import { listQueued, type SchedulerState, streamedText } from './state.ts';
import { toSummary } from './turn/result.ts';
import type { TurnWaiters } from './turn/waiters.ts';

type TurnCommandsDeps = {
  mapping: MappingStore;
  turns: TurnStore;
  prompts: Pick<Prompts, 'listOfTurn'>;
  schedulerState: SchedulerState;
  records: ConversationRecords;
  scheduler: Scheduler;
  acceptor: MessageAcceptor;
  waiters: TurnWaiters;
  /** Whether a cancel keeps the turns behind it from starting. */
  pauseOnCancel: boolean;
};

/** Reads and changes single turns. Each method throws AppError `turn_not_found`. */
export class TurnCommands {
  readonly #deps: TurnCommandsDeps;

  constructor(deps: TurnCommandsDeps) {
    this.#deps = deps;
  }

  require(id: string): Turn {
    const turn = this.#deps.schedulerState.active.get(id)?.turn ?? this.#deps.turns.get(id);
    if (turn) return turn;
    throw new AppError('turn_not_found', `There is no turn ${JSON.stringify(id)}.`, { field: 'id' });
  }

  get(id: string): TurnSummary & { prompts: Prompt[] } {
    return { ...this.#toSummary(this.require(id)), prompts: this.#deps.prompts.listOfTurn(id) };
  }

  /** Resolves with the turn when it has ended, or (with `orWaiting`) waits for a person; never after `signal`. */
  async waitForEnd(id: string, signal?: AbortSignal, orWaiting = false): Promise<Turn> {
    const turn = this.require(id);
    if (isEnded(turn) || (orWaiting && turn.state === 'waiting')) return turn;
    return this.#deps.waiters.waitForEnd(id, signal, orWaiting);
  }

  async cancel(id: string): Promise<TurnSummary> {
    const { mapping, pauseOnCancel, records, scheduler, schedulerState } = this.#deps;
    const turn = this.require(id);
    const record = mapping.get(turn.conv_id);
    const isRunning = schedulerState.active.has(id);
    if (record && isRunning && pauseOnCancel && listQueued(schedulerState, turn.conv_id).length)
      records.saveLater(turn.conv_id, { ...record, queue_paused: true });
    return this.#toSummary(await scheduler.cancel(turn));
  }

  async change(id: string, changes: MessageChange): Promise<TurnSummary> {
    return this.#toSummary(await this.#deps.acceptor.change(this.require(id), changes));
  }

  /** Removes a queued turn. */
  async remove(id: string): Promise<TurnSummary> {
    const turn = this.require(id);
    if (turn.state === 'cancelled') return this.#toSummary(turn);
    return this.cancel(this.#deps.acceptor.requireQueued(turn).id);
  }

  /** Puts a queued turn first. */
  promote(id: string): TurnSummary {
    const turn = this.#deps.acceptor.requireQueued(this.require(id));
    this.#deps.scheduler.promote(turn);
    return this.#toSummary(turn);
  }

  #toSummary(turn: Turn): TurnSummary {
    const active = this.#deps.schedulerState.active.get(turn.id);
    return active && !isEnded(turn) ? toSummary(turn, streamedText(active)) : toSummary(turn);
  }
}
