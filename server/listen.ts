import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { toProblem } from '../contract/error.ts';
import { ConfigError } from './config.ts';
import { limitStrangers } from './http/connection-limit.ts';
import { answerHalfClosed } from './http/half-closed.ts';

/** How long the last answers may take when the server ends. */
const lastAnswersMs = 300;

/** How long a connection may be idle: longer than the 60 s of nginx, Caddy and ngrok. */
const keepAliveMs = 75_000;

/** How long the head of a request may take, and how often late ones are looked for. */
const headersMs = 20_000;
const lookEveryMs = 5_000;

const notHttp = JSON.stringify(
  toProblem('invalid_request', 'The request is not valid HTTP, or its headers are too large.'),
);

/** `isShared`: all that comes in here comes from one address, as through a tunnel. */
export function listen(app: Express, host: string, port: number, { isShared = false } = {}): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createHttpServer(
      { headersTimeout: headersMs, connectionsCheckingInterval: lookEveryMs },
      app,
    );
    limitStrangers(server, { isShared });
    answerHalfClosed(server);
    // It stays: without a free descriptor a connection that cannot be accepted is an error as well.
    server.on('error', (error: NodeJS.ErrnoException) => {
      const cure: Record<string, string> = {
        EADDRINUSE: `Port ${port} is in use. Stop what uses it, or set PORT to another (0 picks a free one).`,
        EACCES: `Port ${port} may not be opened by this user. Set PORT to 1024 or more.`,
        EADDRNOTAVAIL: `HOST=${host} is no address of this machine.`,
      };
      reject(new ConfigError(cure[error.code ?? ''] ?? error.message));
    });
    server.on('clientError', (_error, socket) => {
      // What is no HTTP at all never reaches Express.
      if (!socket.writable) return void socket.destroy();
      // Who says nothing more does not end the connection either: without this its descriptor would stay.
      socket.once('finish', () => socket.destroy());
      socket.end(
        `HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/problem+json\r\n\r\n${notHttp}`,
      );
    });
    // Proxies keep a connection for a minute; one that the server closed first answers their next request
    // with a reset.
    server.keepAliveTimeout = keepAliveMs;
    server.listen({ port, host, backlog: 2048 }, () => resolve(server));
  });
}

/**
 * Sends the remaining answers, and cuts off responses that do not end, such as a follower of
 * events.
 */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), lastAnswersMs);
  await closed;
  clearTimeout(timer);
}

export const portOf = (server: Server) => (server.address() as AddressInfo).port;
