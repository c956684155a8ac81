import type { Response } from 'express';
import type { StoredEvent } from '../../contract/event.ts';
import type { EventFilter, Journal } from '../store/port.ts';

/** Some tunnels and proxies close a connection that says nothing for half a minute. */
const keepAliveMs = 15_000;

const batch = 256;

/**
 * Gives the events after a cursor to `write`, in order and each once, first those on disk and then
 * those that come, until `write` says it is enough or the reader hangs up. A reader that takes its
 * time holds up nobody: each has a cursor of its own, and waits for its own connection.
 */
export async function readEvents(
  journal: Journal,
  from: { filter: EventFilter; cursor: number; signal: AbortSignal },
  write: (event: StoredEvent) => boolean | Promise<boolean>,
): Promise<void> {
  // A cursor from before the data folder was replaced can be ahead of all there is.
  let cursor = Math.min(from.cursor, journal.cursor());
  let wake = () => {};
  const stop = journal.onWrite(() => wake());
  const onAbort = () => wake();
  from.signal.addEventListener('abort', onAbort);
  // The reader of one turn has said so when it sent the message.
  const unfollow = from.filter.turn_id ? () => {} : journal.follow(from.filter.conv_id);
  try {
    while (!from.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const events = journal.since(cursor, from.filter, batch);
      for (const event of events) {
        cursor = event.id;
        if (from.signal.aborted || !(await write(event))) return;
      }
      // Nothing of ours among the newest ones: the next look need not pass them again.
      if (!events.length) {
        cursor = Math.max(cursor, journal.cursor());
        await woken;
      }
    }
  } finally {
    unfollow();
    stop();
    from.signal.removeEventListener('abort', onAbort);
  }
}

/** Opens a server-sent event stream on a response. */
export function openEventStream(response: Response): { send(event: StoredEvent): Promise<void>; close(): void } {
  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    // nginx would hold the events back.
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  response.write('retry: 1000\n\n');
  const timer = setInterval(() => response.write(': keep-alive\n\n'), keepAliveMs);
  timer.unref();
  response.once('close', () => clearInterval(timer));
  return {
    async send(event) {
      await writeAll(response, `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    },
    close() {
      clearInterval(timer);
      response.end();
    },
  };
}

/** Writes and waits until the reader has taken enough for more; resolves too when the reader is gone. */
export async function writeAll(response: Response, text: string): Promise<void> {
  if (response.write(text) || response.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
