import type { AppError } from '../../app-error.ts';
import type { Turn } from '../../store/port.ts';

type Waiting = { resolve(turn: Turn): void; reject(error: AppError): void; orNews: boolean };

/** Those who wait for the end of a turn, or (with `orNews`) for the moment when it waits for a person. */
export function createEndings() {
  const waiting = new Map<string, Set<Waiting>>();
  function refuse(id: string, error: AppError): void {
    for (const own of waiting.get(id) ?? []) own.reject(error);
    waiting.delete(id);
  }

  return {
    /** Resolves when the turn ended. Who hangs up (`signal`) is no longer told, and gets no answer. */
    of(id: string, signal?: AbortSignal, orNews = false): Promise<Turn> {
      return new Promise((resolve, reject) => {
        const all = waiting.get(id) ?? new Set();
        const own = { resolve, reject, orNews };
        waiting.set(id, all.add(own));
        if (signal?.aborted) all.delete(own);
        signal?.addEventListener('abort', () => all.delete(own), { once: true });
      });
    },
    tell(turn: Turn): void {
      for (const own of waiting.get(turn.id) ?? []) own.resolve(turn);
      waiting.delete(turn.id);
    },
    /** The turn waits for a person. */
    tellNews(turn: Turn): void {
      for (const own of waiting.get(turn.id) ?? []) {
        if (!own.orNews) continue;
        waiting.get(turn.id)?.delete(own);
        own.resolve(turn);
      }
    },
    /** Tells all who still wait that the end will not come while this server lives. */
    giveUp(toError: (turnId: string) => AppError): void {
      for (const id of [...waiting.keys()]) refuse(id, toError(id));
    },
    /** Tells those who wait for one turn that its end will be late; the turn itself is kept. */
    refuse,
  };
}

export type Endings = ReturnType<typeof createEndings>;
