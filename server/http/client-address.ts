import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';

/**
 * Tells where a request comes from. Only what arrives at the port that our own tunnel forwards to may
 * say so in X-Forwarded-For; anyone else could write there what they like.
 */
export function createClientAddress(tunnelPort: () => number | null) {
  const isTunnelled = (request: IncomingMessage) =>
    tunnelPort() !== null && request.socket.localPort === tunnelPort();
  return {
    isTunnelled,
    addressOf(request: Request): string {
      const direct = request.socket.remoteAddress ?? 'unknown';
      if (!isTunnelled(request)) return direct;
      // The tunnel adds the address that it saw at the end.
      return request.get('x-forwarded-for')?.split(',').at(-1)?.trim() || direct;
    },
  };
}

export type ClientAddress = ReturnType<typeof createClientAddress>;
