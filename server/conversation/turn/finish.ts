import { setTimeout as delay } from 'node:timers/promises';
import type { Agent, RunEnd } from '../../agent/port.ts';
import { AppError } from '../../app-error.ts';
import type { MappingStore, Turn, TurnEnd, TurnStore } from '../../store/port.ts';
import type { Undo } from '../../undo/port.ts';
import type { Spending } from '../budget.ts';
import type { Book } from '../records.ts';
import type { Active, Lanes } from '../state.ts';
import { toEndEvent } from './result.ts';
import type { Endings } from './waiters.ts';

/** How long until something that the disk refused is tried again. */
const retryMs = 500;

/** Puts the ends of turns on disk and keeps the conversation in step with them. */
export function createSettler(deps: {
  agent: Agent;
  lanes: Lanes;
  turns: TurnStore;
  mapping: MappingStore;
  book: Book;
  spending: Spending;
  endings: Endings;
  undo: Pick<Undo, 'after'>;
  isClosing(): boolean;
  /** A process that was in the way of the next turn is gone. */
  onFree(): void;
  warn(error: unknown, text: string): void;
}) {
  const { lanes, turns, mapping, book, endings } = deps;

  /** Puts an end on disk, tells who waits for it, and keeps the lane until the process is gone. */
  async function settle(active: Active, turnEnd: TurnEnd, end: RunEnd | null): Promise<void> {
    const { turn, run } = active;
    const event = toEndEvent(turn, turnEnd);
    const ended = { ...turn, ...turnEnd };
    // A process that was killed says nothing of what it has spent: what was heard of it before counts.
    const cost = { usd: end?.cost ?? deps.spending.spentSoFar(turn.id), final_session_id: ended.result?.session_id ?? turn.session_id };
    await untilWritten(
      () => {
        turns.end(turn.id, turnEnd, event, cost);
        deps.spending.note(turn.id, turn.conv_id, cost.usd);
      },
      () => endings.tell(ended),
    );
    Object.assign(turn, turnEnd);
    void deps.undo.after(turn.id);
    noteEnd(ended, end, active.context);
    lanes.active.delete(turn.id);
    if (run) {
      const held = { convId: turn.conv_id, sessionId: ended.result?.session_id ?? (turn.session_id as string), run, isEnding: false };
      lanes.lingering.set(turn.id, held);
      void run.exited.then(() => {
        lanes.lingering.delete(turn.id);
        deps.onFree();
      });
    }
    book.announce(turn.conv_id);
    endings.tell(ended);
  }

  /** Repeats a write until the disk takes it. `onRefusal` is called at the first refusal: nobody need wait for the disk. */
  async function untilWritten(write: () => void, onRefusal: () => void): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        write();
        return;
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'storage_unavailable')) throw error;
        if (attempt === 0) {
          deps.warn(error, 'the end of a turn waits for the disk');
          onRefusal();
        }
        // The next start finds the turn running, and interrupts it.
        if (deps.isClosing()) return;
        await delay(retryMs);
      }
    }
  }

  /** Keeps the mapping in step with a turn that ended; /clear leaves the conversation with another session. */
  function noteEnd(turn: Turn, end: RunEnd | null, context: Active['context']): void {
    const record = mapping.get(turn.conv_id);
    if (!record) return;
    const answer = end?.kind === 'answer' ? end : null;
    const follows = answer !== null && record.session_id === turn.session_id;
    book.saveLater(turn.conv_id, {
      ...record,
      session_id: follows ? answer.sessionId : record.session_id,
      last_message_at: turn.ended_at ?? record.last_message_at,
      turn_count: record.turn_count + (answer ? 1 : 0),
      settled_turn: turn.id,
      ...(context ? { context } : {}),
    });
  }

  return { settle };
}
