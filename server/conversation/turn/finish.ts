import { setTimeout as delay } from 'node:timers/promises';
import type { RunEnd } from '../../agent/port.ts';
import { AppError } from '../../app-error.ts';
import type { MappingStore, Turn, TurnEnd, TurnStore } from '../../store/port.ts';
import type { Undo } from '../../undo/port.ts';
import type { BudgetKeeper } from '../budget.ts';
import type { ConversationRecords } from '../records.ts';
import type { ActiveTurn, SchedulerState } from '../state.ts';
import { toEndEvent } from './result.ts';
import type { TurnWaiters } from './waiters.ts';

/** The delay before a write that the disk refused is tried again. */
const retryDelayMs = 500;

type TurnFinisherDeps = {
  schedulerState: SchedulerState;
  turns: TurnStore;
  mapping: MappingStore;
  records: ConversationRecords;
  budgets: BudgetKeeper;
  waiters: TurnWaiters;
  undo: Pick<Undo, 'after'>;
  isClosing(): boolean;
  warn(error: unknown, text: string): void;
};

/** Puts the ends of turns on disk and keeps the conversation in step with them. */
export class TurnFinisher {
  readonly #deps: TurnFinisherDeps;

  constructor(deps: TurnFinisherDeps) {
    this.#deps = deps;
  }

  /** Stores an end and notifies the waiting callers; the session stays taken until the process has exited. */
  async settle(active: ActiveTurn, turnEnd: TurnEnd, end: RunEnd | null): Promise<void> {
    const { budgets, records, schedulerState, turns, undo, waiters } = this.#deps;
    const { turn } = active;
    const event = toEndEvent(turn, turnEnd);
    const ended = { ...turn, ...turnEnd };
    const sessionId = ended.result?.session_id ?? turn.session_id;
    // A killed process does not report its cost: what it has reported before counts.
    const usd = end?.cost ?? budgets.spentSoFar(turn.id);
    const remains = { usd, final_session_id: sessionId, context: active.context };
    await this.#retryUntilWritten(
      () => {
        turns.end(turn.id, turnEnd, event, remains);
        budgets.recordCost(turn.id, turn.conv_id, usd);
      },
      () => waiters.notifyEnded(ended),
    );
    Object.assign(turn, turnEnd);
    void undo.after(turn.id);
    this.#followSession(ended, end);
    schedulerState.active.delete(turn.id);
    this.#releaseOnExit(active, sessionId as string);
    records.announce(turn.conv_id);
    waiters.notifyEnded(ended);
  }

  /** A background shell can keep the process of a turn long after its end. */
  #releaseOnExit({ turn, run, lease }: ActiveTurn, sessionId: string): void {
    if (!run) {
      lease?.release();
      return;
    }
    const { draining } = this.#deps.schedulerState;
    lease?.rename(sessionId);
    draining.set(turn.id, { convId: turn.conv_id, sessionId, run, isEnding: false });
    void run.exited.then(() => {
      draining.delete(turn.id);
      lease?.release();
    });
  }

  /** Repeats a write until the disk takes it. `onRefusal` is called once, so that callers need not wait for the disk. */
  async #retryUntilWritten(write: () => void, onRefusal: () => void): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        write();
        return;
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'storage_unavailable')) throw error;
        if (attempt === 0) {
          this.#deps.warn(error, 'failed to persist turn result, retrying');
          onRefusal();
        }
        // The next start finds the turn running, and interrupts it.
        if (this.#deps.isClosing()) return;
        await delay(retryDelayMs);
      }
    }
  }

  /** /clear leaves the conversation with another session. */
  #followSession({ conv_id, session_id }: Turn, end: RunEnd | null): void {
    const record = this.#deps.mapping.get(conv_id);
    if (!record || end?.kind !== 'answer' || end.sessionId === session_id) return;
    if (record.session_id === session_id)
      this.#deps.records.saveLater(conv_id, { ...record, session_id: end.sessionId });
  }
}
