import { setTimeout as delay } from 'node:timers/promises';
import type { Agent, RunEnd } from '../../agent/port.ts';
import { AppError } from '../../app-error.ts';
import type { MappingStore, Turn, TurnEnd, TurnStore } from '../../store/port.ts';
import type { Undo } from '../../undo/port.ts';
import type { BudgetKeeper } from '../budget.ts';
import type { ConversationRecords } from '../records.ts';
import type { ActiveTurn, SchedulerState } from '../state.ts';
import { toEndEvent } from './result.ts';
import type { TurnWaiters } from './waiters.ts';

/** How long until something that the disk refused is tried again. */
const retryDelayMs = 500;

/** Puts the ends of turns on disk and keeps the conversation in step with them. */
export function createTurnFinisher(deps: {
  agent: Agent;
  schedulerState: SchedulerState;
  turns: TurnStore;
  mapping: MappingStore;
  records: ConversationRecords;
  budgets: BudgetKeeper;
  waiters: TurnWaiters;
  undo: Pick<Undo, 'after'>;
  isClosing(): boolean;
  warn(error: unknown, text: string): void;
}) {
  const { schedulerState, turns, mapping, records, waiters } = deps;

  /** Puts an end on disk, tells who waits for it, and keeps the lane until the process is gone. */
  async function finishTurn(active: ActiveTurn, turnEnd: TurnEnd, end: RunEnd | null): Promise<void> {
    const { turn, run } = active;
    const event = toEndEvent(turn, turnEnd);
    const ended = { ...turn, ...turnEnd };
    // A process that was killed says nothing of what it has spent: what was heard of it before counts.
    const remains = {
      usd: end?.cost ?? deps.budgets.spentSoFar(turn.id),
      final_session_id: ended.result?.session_id ?? turn.session_id,
      context: active.context,
    };
    await retryUntilWritten(
      () => {
        turns.end(turn.id, turnEnd, event, remains);
        deps.budgets.recordCost(turn.id, turn.conv_id, remains.usd);
      },
      () => waiters.notifyEnded(ended),
    );
    Object.assign(turn, turnEnd);
    void deps.undo.after(turn.id);
    followSession(ended, end);
    schedulerState.active.delete(turn.id);
    if (run) {
      const held = {
        convId: turn.conv_id,
        sessionId: ended.result?.session_id ?? (turn.session_id as string),
        run,
        isEnding: false,
      };
      active.lease?.rename(held.sessionId);
      schedulerState.draining.set(turn.id, held);
      void run.exited.then(() => {
        schedulerState.draining.delete(turn.id);
        active.lease?.release();
      });
    } else active.lease?.release();
    records.announce(turn.conv_id);
    waiters.notifyEnded(ended);
  }

  /** Repeats a write until the disk takes it. `onRefusal` is called at the first refusal: nobody need wait for the disk. */
  async function retryUntilWritten(write: () => void, onRefusal: () => void): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        write();
        return;
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'storage_unavailable')) throw error;
        if (attempt === 0) {
          deps.warn(error, 'failed to persist turn result, retrying');
          onRefusal();
        }
        // The next start finds the turn running, and interrupts it.
        if (deps.isClosing()) return;
        await delay(retryDelayMs);
      }
    }
  }

  /** /clear leaves the conversation with another session. */
  function followSession({ conv_id, session_id }: Turn, end: RunEnd | null): void {
    const record = mapping.get(conv_id);
    if (!record || end?.kind !== 'answer' || end.sessionId === session_id) return;
    if (record.session_id === session_id)
      records.saveLater(conv_id, { ...record, session_id: end.sessionId });
  }

  return { settle: finishTurn };
}
