import type { StoredEvent } from '../../contract/event.ts';
import type { EventFilter, Journal } from '../store/port.ts';

/** Maximum number of events in one answer; the next request continues from its cursor. */
const maxEvents = 500;

/** The events after a cursor, as soon as there are some, or none after `waitS` seconds. */
export async function readNext(
  journal: Journal,
  from: { filter: EventFilter; cursor: number; waitS: number; signal: AbortSignal },
): Promise<{ events: StoredEvent[]; cursor: number }> {
  const until = AbortSignal.any([from.signal, AbortSignal.timeout(from.waitS * 1000)]);
  const unfollow = journal.follow(from.filter.conv_id);
  try {
    for (let { cursor } = from; ; ) {
      const events = journal.since(cursor, from.filter, maxEvents);
      const last = events.at(-1);
      if (last) return { events, cursor: last.id };
      // Nothing of ours among them: the next look need not pass them again.
      cursor = Math.max(cursor, journal.cursor());
      if (until.aborted || !from.waitS) return { events: [], cursor };
      await new Promise<void>((resolve) => {
        const done = () => {
          stop();
          until.removeEventListener('abort', done);
          resolve();
        };
        const stop = journal.onWrite(done);
        until.addEventListener('abort', done);
      });
    }
  } finally {
    unfollow();
  }
}
