import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Whether a request asks to go on as a WebSocket. */
const asksForWebSocket = ({ headers }: IncomingMessage): boolean =>
  (headers.upgrade ?? '').split(',').some((name) => name.trim().toLowerCase() === 'websocket');

/** Headers that are about the upgrade alone. */
const ofUpgrade = /^(upgrade|http2-settings)$/i;

/** The head of a request as it would be without its wish for another protocol. */
function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (ofUpgrade.test(name)) continue;
    const kept = value.split(',').filter((option) => !ofUpgrade.test(option.trim()));
    if (!/^connection$/i.test(name)) lines.push(`${name}: ${value}`);
    else if (kept.length) lines.push(`${name}: ${kept.join(',')}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/**
 * Gives `onWebSocket` the requests for a WebSocket, and handles others as if they had asked for no other
 * protocol (RFC 9110, 7.8): Java's client and `curl --http2` ask for h2c with each first request. Node hands
 * such a request out with its bare connection, so it is put back and read again, after the answers that are
 * still to come on it.
 */
export function listenForUpgrades(
  server: Server,
  onWebSocket: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
): void {
  const answering = new WeakMap<Duplex, number>();
  const waiting = new WeakMap<Duplex, () => void>();

  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    answering.set(socket, (answering.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (answering.get(socket) ?? 1) - 1;
      answering.set(socket, left);
      if (left) return;
      waiting.get(socket)?.();
      waiting.delete(socket);
    });
  });

  server.on('upgrade', (request, socket, head) => {
    if (asksForWebSocket(request)) return onWebSocket(request, socket, head);
    const readAgain = () => {
      if (socket.destroyed) return;
      socket.unshift(Buffer.concat([Buffer.from(headWithoutUpgrade(request), 'latin1'), head]));
      server.emit('connection', socket);
    };
    // Its own listeners are gone; a reset meanwhile must not end the process.
    socket.on('error', () => socket.destroy());
    if (answering.get(socket)) waiting.set(socket, readAgain);
    else readAgain();
  });
}
