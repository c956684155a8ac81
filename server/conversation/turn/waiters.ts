import type { AppError } from '../../app-error.ts';
import type { Turn } from '../../store/port.ts';

type Waiting = { resolve(turn: Turn): void; reject(error: AppError): void; orWaiting: boolean };

/** Callers that wait for a turn to end, or (with `orWaiting`) until it needs a person. */
export function createTurnWaiters() {
  const waiting = new Map<string, Set<Waiting>>();
  function rejectTurn(id: string, error: AppError): void {
    for (const own of waiting.get(id) ?? []) own.reject(error);
    waiting.delete(id);
  }

  return {
    /** Resolves when the turn ended. Never settles after `signal` was aborted. */
    waitForEnd(id: string, signal?: AbortSignal, orWaiting = false): Promise<Turn> {
      return new Promise((resolve, reject) => {
        const all = waiting.get(id) ?? new Set();
        const own = { resolve, reject, orWaiting };
        waiting.set(id, all.add(own));
        if (signal?.aborted) all.delete(own);
        signal?.addEventListener('abort', () => all.delete(own), { once: true });
      });
    },
    notifyEnded(turn: Turn): void {
      for (const own of waiting.get(turn.id) ?? []) own.resolve(turn);
      waiting.delete(turn.id);
    },
    /** The turn needs a person: resolves the callers that asked for that. */
    notifyWaiting(turn: Turn): void {
      for (const own of waiting.get(turn.id) ?? []) {
        if (!own.orWaiting) continue;
        waiting.get(turn.id)?.delete(own);
        own.resolve(turn);
      }
    },
    /** Rejects for all callers: this server will not run their turns to an end. */
    rejectAll(toError: (turnId: string) => AppError): void {
      for (const id of [...waiting.keys()]) rejectTurn(id, toError(id));
    },
    /** Rejects for callers of one turn whose end will be late; the turn itself is kept. */
    rejectTurn,
  };
}

export type TurnWaiters = ReturnType<typeof createTurnWaiters>;
