import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { readOpenFileLimit } from '../util/open-file-limit.ts';

/**
 * Connections that have shown no credentials: how many one address may hold, and all together. A browser
 * opens six. `youngMs` is how long each may take to show some; a burst of honest ones is let through.
 */
const limits = { perAddress: 64, inAll: 256, youngMs: 3000 };

/** How often connections that are too many are looked for. */
const sweepEveryMs = 1000;

const settle = new WeakMap<Socket, () => void>();

/** Says that a connection has shown credentials: it counts no more. */
export const trust = (socket: Socket): void => settle.get(socket)?.();

/** At most a quarter of the files that this process may open. */
const limitInAll = () =>
  Math.min(limits.inAll, Math.floor((readOpenFileLimit() ?? Number.POSITIVE_INFINITY) / 4));

/**
 * Closes the oldest of the connections without credentials if there are too many. All that comes through a
 * tunnel has one address (`isShared`), so there only the limit of all together holds.
 */
export function limitStrangers(server: Server, { isShared }: { isShared: boolean }): void {
  const inAll = limitInAll();
  const perAddress = isShared ? inAll : Math.min(limits.perAddress, inAll);
  /** In the order in which they came. */
  const strangers = new Map<Socket, { address: string; since: number }>();

  function sweep(): void {
    const counts = new Map<string, number>();
    for (const { address } of strangers.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
    const until = performance.now() - limits.youngMs;
    for (const [socket, { address, since }] of strangers) {
      if (since > until) break;
      const own = counts.get(address) ?? 0;
      if (own <= perAddress && strangers.size <= inAll) continue;
      counts.set(address, own - 1);
      strangers.delete(socket);
      socket.destroy();
    }
  }

  server.on('connection', (socket: Socket) => {
    // One whose Upgrade header was ignored is announced twice.
    if (settle.has(socket)) return;
    const forget = () => void strangers.delete(socket);
    settle.set(socket, forget);
    strangers.set(socket, { address: socket.remoteAddress ?? '', since: performance.now() });
    socket.once('close', forget);
  });
  const timer = setInterval(sweep, sweepEveryMs);
  timer.unref();
  server.once('close', () => clearInterval(timer));
}
