import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { type ErrorCode, errorTable, toProblem } from '../../contract/error.ts';
import type { Host } from '../session/port.ts';
import { contain } from '../util/contain.ts';
import { toJson } from '../util/json-text.ts';
import { trust } from './connection-limit.ts';
import { listenForUpgrades } from './ignore-upgrade.ts';
import type { Guard } from './middleware/guard.ts';
import type { OpenResponses } from './open-responses.ts';
import { TerminalConnection } from './terminal-connection.ts';
import type { TerminalTickets, Ticket } from './terminal-tickets.ts';

const path = /^\/api\/hosts\/[^/]+\/sessions\/[^/]+\/terminal$/;

/** More than a person types or pastes at a time. */
const maxPayload = 1_000_000;

export type TerminalSocketDeps = {
  hosts: ReadonlyMap<string, Host>;
  tickets: TerminalTickets;
  guard: Guard;
  openResponses: OpenResponses;
  /** Whether a credential was not revoked. */
  isKnown(credentialId: string): boolean;
  warn(error: unknown, text: string): void;
};

export const createTerminalSocket = (deps: TerminalSocketDeps): TerminalSocket => new TerminalSocket(deps);

/** Live terminals by WebSocket: bytes in both directions, and the size as JSON. */
export class TerminalSocket {
  readonly #deps: TerminalSocketDeps;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false });

  constructor(deps: TerminalSocketDeps) {
    this.#deps = deps;
  }

  listen(server: Server): void {
    listenForUpgrades(server, (request, socket, head) => {
      const onFault = (error: unknown) => {
        this.#deps.warn(error, 'failed to open a WebSocket');
        refuseUpgrade(socket, 'internal');
      };
      contain(() => this.#upgrade(request, socket, head), onFault)();
    });
  }

  dispose(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const ticket = this.#checkRequest(request);
    if ('code' in ticket) {
      refuseUpgrade(socket, ticket.code, ticket.detail);
      return;
    }
    const { hosts, openResponses, warn } = this.#deps;
    const { sessionId, credentialId, host } = ticket;
    trust(request.socket);
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      const onFault = (error: unknown) => {
        warn(error, `the terminal of session ${sessionId} failed`);
        opened.terminate();
      };
      const serve = () => {
        const connection = new TerminalConnection({ socket: opened, sessionId, warn });
        openResponses.addSocket(credentialId, opened);
        return connection.followTerminal(hosts.get(host));
      };
      contain(serve, onFault)();
    });
  }

  /** The ticket of a request, or why it is refused. */
  #checkRequest(request: IncomingMessage): Ticket | { code: ErrorCode; detail?: string } {
    const { guard, tickets, isKnown } = this.#deps;
    // Parsed by hand: nothing would catch what URL throws for an invalid address, and that would end the
    // server.
    const [pathname = '', query] = (request.url ?? '').split('?');
    if (!path.test(pathname))
      return { code: 'route_not_found', detail: `There is no WebSocket at ${pathname}.` };
    // A page of another site may open a socket to anywhere; only its origin tells it apart.
    if (!guard.isOurs(request)) return { code: 'host_not_allowed' };
    if (guard.isForeign(request)) return { code: 'origin_not_allowed' };
    const ticket = tickets.redeem(new URLSearchParams(query).get('ticket') ?? '');
    const prefix = (pathname.split('/')[5] ?? '').toLowerCase();
    const isValid =
      ticket?.sessionId.startsWith(prefix) && (ticket.credentialId === null || isKnown(ticket.credentialId));
    if (ticket && isValid) return ticket;
    return { code: 'wrong_credentials', detail: 'The ticket is not known, was used, or has run out.' };
  }
}

/** Answers with a problem, as any other route does, and ends the connection. */
function refuseUpgrade(socket: Duplex, code: ErrorCode, detail?: string): void {
  const body = toJson(toProblem(code, detail));
  const { status } = errorTable[code];
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
