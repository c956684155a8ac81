import type { Response } from 'express';
import { toProblem } from '../../contract/error.ts';
import type { ShutdownEvent, StoredEvent } from '../../contract/event.ts';
import type { EventFilter, Journal } from '../store/port.ts';
import { contain } from '../util/contain.ts';

/** Some tunnels and proxies close a connection that says nothing for half a minute. */
const keepAliveMs = 15_000;

/** When a reader that has closed its side is written to: the first write makes one that is gone say so, the next fails. */
const probesMs = [0, 250, 1000];

/** A reader that takes nothing for this long is dropped; it comes back with its cursor. */
const slowMs = 30_000;

const batch = 256;

type From = { filter: EventFilter; cursor: number; signal: AbortSignal; closing?: AbortSignal };

/**
 * Reads what is after a cursor, in order and each once, first what is on disk and then what comes, until
 * `take` says it is enough or the reader hangs up. A slow reader does not delay the others: each has
 * its own cursor, and waits for its own connection. Gives the cursor where what comes next is deleted.
 */
async function readAfter<T extends { id: number }>(
  journal: Journal,
  from: From,
  read: (cursor: number) => T[],
  take: (found: T[]) => boolean | Promise<boolean>,
): Promise<number | null> {
  // A cursor from before the data folder was replaced can be ahead of all there is.
  let cursor = Math.min(from.cursor, journal.cursor());
  let wake = () => {};
  const stop = journal.onWrite(() => wake());
  const onAbort = () => wake();
  for (const signal of [from.signal, from.closing]) signal?.addEventListener('abort', onAbort);
  // The reader of one turn has said so when it sent the message.
  const unfollow = from.filter.turn_id ? () => {} : journal.follow(from.filter.conv_id);
  try {
    while (!from.signal.aborted) {
      // Old events can be deleted under a reader that takes its time.
      if (!from.filter.turn_id && !journal.has(cursor)) return cursor;
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const found = read(cursor);
      cursor = found.at(-1)?.id ?? cursor;
      if (found.length && !(await take(found))) return null;
      // Nothing of ours among the newest ones: the next look need not pass them again.
      if (!found.length) {
        // All events were sent; none follow.
        if (from.closing?.aborted) return null;
        cursor = Math.max(cursor, journal.cursor());
        await woken;
      }
    }
    return null;
  } finally {
    unfollow();
    stop();
    for (const signal of [from.signal, from.closing]) signal?.removeEventListener('abort', onAbort);
  }
}

/** Gives the events after a cursor to `write` one by one, until it says it is enough. */
export async function readEvents(
  journal: Journal,
  from: From,
  write: (event: StoredEvent) => boolean | Promise<boolean>,
): Promise<void> {
  await readAfter(
    journal,
    from,
    (cursor) => journal.since(cursor, from.filter, batch),
    async (events) => {
      for (const event of events) if (from.signal.aborted || !(await write(event))) return false;
      return true;
    },
  );
}

/**
 * Gives the events after a cursor to `send` as frames of a stream, as many together as there are. Resolves
 * when the reader is gone, or with a cursor where what comes next was deleted.
 */
export function readFrames(
  journal: Journal,
  from: From,
  send: (frames: string, count: number) => Promise<void>,
): Promise<number | null> {
  return readAfter(
    journal,
    from,
    (cursor) => journal.frames(cursor, from.filter, batch),
    async (found) => {
      await send(
        found.length === 1 ? (found[0]?.frame ?? '') : found.map(({ frame }) => frame).join(''),
        found.length,
      );
      return true;
    },
  );
}

/** The last frame of a stream that the server's end ends. */
export function shutdownFrame(turnId?: string): string {
  const { code, detail, hint } = toProblem(turnId ? 'accepted_shutting_down' : 'shutting_down');
  const event: ShutdownEvent = { type: 'shutdown', at: new Date().toISOString(), code, detail, hint };
  return `event: shutdown\ndata: ${JSON.stringify({ ...event, ...(turnId ? { turn_id: turnId } : {}) })}\n\n`;
}

/** Opens a server-sent event stream on a response. */
export function openEventStream(
  response: Response,
  cursor?: number,
): { send(frames: string): Promise<void>; close(): void } {
  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    // nginx would hold the events back.
    'X-Accel-Buffering': 'no',
    // Where it begins, for who asked for what comes from now on.
    ...(cursor === undefined ? {} : { 'X-Switchboard-Cursor': String(cursor) }),
  });
  response.flushHeaders();
  response.write('retry: 1000\n\n');
  // Its reader comes back with its cursor.
  const keepAlive = contain(
    () => response.write(': keep-alive\n\n'),
    (error) => response.destroy(error as Error),
  );
  const timers = [setInterval(keepAlive, keepAliveMs)];
  const stop = () => {
    for (const timer of timers) clearTimeout(timer);
  };
  const probe = () => timers.push(...probesMs.map((ms) => setTimeout(keepAlive, ms)));
  const { socket } = response;
  if (socket?.readableEnded) probe();
  else socket?.once('end', probe);
  response.once('close', () => {
    socket?.off('end', probe);
    stop();
  });
  return {
    send: (frames) => writeAll(response, frames),
    close() {
      stop();
      response.end();
    },
  };
}

/** Writes and waits until the reader has taken enough for more; resolves too when the reader is gone. */
export async function writeAll(response: Response, text: string): Promise<void> {
  if (response.write(text) || response.destroyed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => response.destroy(), slowMs);
    const done = () => {
      clearTimeout(timer);
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
