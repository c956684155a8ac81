import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { readOpenFileLimit } from '../util/open-file-limit.ts';

/** This many half-closed connections may wait for an answer; of files that this process may open, an eighth at most. */
const maxWaiting = 64;

/**
 * Answers clients that close their side of a connection after the request, as `nc -N` and some HTTP/1.0 clients do;
 * by default Node closes such a connection without an answer. A client that is gone looks the same until something
 * is written to it, so the oldest are closed when too many wait. Streams find out by writing; see `openEventStream`.
 */
export function answerHalfClosed(server: Server): void {
  // Not documented, and in every version of Node: `socketOnEnd` in lib/_http_server.js reads it.
  Object.assign(server, { httpAllowHalfOpen: true });
  const limit = Math.min(maxWaiting, Math.floor((readOpenFileLimit() ?? Number.POSITIVE_INFINITY) / 8));
  const waiting = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    socket.once('end', () => {
      // Node has ended it already if no answer is due.
      if (socket.writableEnded || socket.destroyed) return;
      waiting.add(socket);
      const [oldest] = waiting;
      if (waiting.size <= limit || !oldest) return;
      // At once: its 'close' comes later, and more may end before that.
      waiting.delete(oldest);
      oldest.destroy();
    });
    socket.once('close', () => waiting.delete(socket));
  });
}
