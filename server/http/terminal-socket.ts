import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { type ErrorCode, errorTable, toProblem } from '../../contract/error.ts';
import { AppError } from '../app-error.ts';
import type { Host } from '../session/port.ts';
import type { TerminalStream } from '../terminal/port.ts';
import { contain } from '../util/contain.ts';
import { toJson } from '../util/json-text.ts';
import { trust } from './connection-limit.ts';
import { listenForUpgrades } from './ignore-upgrade.ts';
import type { Guard } from './middleware/guard.ts';
import type { OpenResponses } from './open-responses.ts';
import type { TerminalTickets } from './terminal-tickets.ts';

const path = /^\/api\/hosts\/[^/]+\/sessions\/[^/]+\/terminal$/;

/** A tunnel drops a connection on which nothing comes for a minute. */
const pingMs = 30_000;

/** More than a person types, or pastes, at a time. */
const maxPayload = 1_000_000;

/** Who reads so much slower than a terminal prints is cut off; a new socket begins with the screen as it is then. */
const maxBehind = 4_000_000;

/** What the page says besides what is typed, which comes as bytes. */
const Resize = z.object({
  columns: z.number().int().min(20).max(500),
  rows: z.number().int().min(5).max(200),
});

const closings = { ended: 4000, tooSlow: 4001, refused: 4002 } as const;

export type TerminalSocketDeps = {
  hosts: ReadonlyMap<string, Host>;
  tickets: TerminalTickets;
  guard: Guard;
  openResponses: OpenResponses;
  /** Whether a credential was not revoked. */
  isKnown(credentialId: string): boolean;
  warn(error: unknown, text: string): void;
};

/** Live terminals by WebSocket: bytes to and fro, and the size as JSON. */
export function createTerminalSocket({
  hosts,
  tickets,
  guard,
  openResponses,
  isKnown,
  warn,
}: TerminalSocketDeps) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false });

  /** Answers with a problem, as any other route does, and ends the connection. */
  function refuse(socket: Duplex, code: ErrorCode, detail?: string): void {
    const body = toJson(toProblem(code, detail));
    const status = errorTable[code].status;
    socket.once('finish', () => socket.destroy());
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }

  async function serve(
    socket: WebSocket,
    { host, sessionId, credentialId }: NonNullable<ReturnType<TerminalTickets['redeem']>>,
  ): Promise<void> {
    let followed: TerminalStream | null = null;
    let isAlive = true;
    const early: (() => void)[] = [];
    const toTerminal = (work: (to: TerminalStream) => void) =>
      followed ? work(followed) : early.push(() => followed && work(followed));
    /** Whatever fails in a handler of this socket closes it, and nothing else. */
    const safely = <A extends unknown[]>(handler: (...args: A) => unknown) =>
      contain(handler, (error) => {
        warn(error, `the terminal of session ${sessionId} failed`);
        socket.terminate();
      });
    const ping = () => {
      if (!isAlive) return socket.terminate();
      isAlive = false;
      socket.ping();
    };
    const pinging = setInterval(safely(ping), pingMs);
    socket.on('pong', () => {
      isAlive = true;
    });
    const leave = () => {
      clearInterval(pinging);
      followed?.dispose();
    };
    socket.on('close', safely(leave));
    socket.on('error', () => socket.terminate());
    const take = (data: Buffer, isBinary: boolean) => {
      if (isBinary) return toTerminal((to) => to.write(data));
      const size = readSize(String(data));
      if (size) toTerminal((to) => to.resize(size));
    };
    socket.on('message', safely(take));
    openResponses.addSocket(credentialId, socket);
    try {
      const own = hosts.get(host);
      if (!own) throw new AppError('host_not_found');
      followed = await own.follow(sessionId, {
        onData: safely((bytes: Buffer) => {
          if (socket.bufferedAmount > maxBehind) socket.close(closings.tooSlow, 'too slow');
          else socket.send(bytes);
        }),
        onEnd: () => socket.close(closings.ended, 'ended'),
      });
      if (socket.readyState !== socket.OPEN) followed.dispose();
      for (const work of early.splice(0)) work();
    } catch (error) {
      if (!(error instanceof AppError)) warn(error, 'a terminal could not be followed');
      socket.close(closings.refused, (error as AppError).code ?? 'failed');
    }
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    // Taken apart by hand: nothing catches what URL throws here for an address that is none, and that would end the server.
    const [pathname = '', query] = (request.url ?? '').split('?');
    if (!path.test(pathname))
      return void refuse(socket, 'route_not_found', `There is no WebSocket at ${pathname}.`);
    // A page of another site may open a socket to anywhere: its origin is all that tells it from ours.
    if (!guard.isOurs(request)) return void refuse(socket, 'host_not_allowed');
    if (guard.isForeign(request)) return void refuse(socket, 'origin_not_allowed');
    const ticket = tickets.redeem(new URLSearchParams(query).get('ticket') ?? '');
    const asked = (pathname.split('/')[5] ?? '').toLowerCase();
    const isGood =
      ticket?.sessionId.startsWith(asked) && (ticket.credentialId === null || isKnown(ticket.credentialId));
    if (!ticket || !isGood)
      return void refuse(socket, 'wrong_credentials', 'The ticket is not known, was used, or has run out.');
    trust(request.socket);
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const onFault = (error: unknown) => {
        warn(error, `the terminal of session ${ticket.sessionId} failed`);
        opened.terminate();
      };
      contain(serve, onFault)(opened, ticket);
    });
  }

  return {
    listen(server: Server): void {
      listenForUpgrades(server, (request, socket, head) => {
        const onFault = (error: unknown) => {
          warn(error, 'a WebSocket could not be opened');
          refuse(socket, 'internal');
        };
        contain(upgrade, onFault)(request, socket, head);
      });
    },
    dispose(): void {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}

function readSize(text: string): z.infer<typeof Resize> | null {
  try {
    return Resize.parse(JSON.parse(text));
  } catch {
    return null; // Said by a program that does not know how: the size stays.
  }
}
