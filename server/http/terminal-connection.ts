import type { WebSocket } from 'ws';
import { z } from 'zod';
import { AppError } from '../app-error.ts';
import type { Host } from '../session/port.ts';
import type { TerminalStream } from '../terminal/port.ts';
import { contain } from '../util/contain.ts';

/** A tunnel drops a connection that is silent for a minute. */
const pingIntervalMs = 30_000;

/**
 * A reader that is this far behind the terminal is disconnected; a new socket starts with the current screen.
 */
const maxBehind = 4_000_000;

const closeCodes = { ended: 4000, tooSlow: 4001, refused: 4002 } as const;

/** What the page sends as text; what is typed comes as bytes. */
const Resize = z.object({
  columns: z.number().int().min(20).max(500),
  rows: z.number().int().min(5).max(200),
});

export type TerminalConnectionDeps = {
  socket: WebSocket;
  sessionId: string;
  warn(error: unknown, text: string): void;
};

/** One socket that shows a terminal and types into it. */
export class TerminalConnection {
  readonly #socket: WebSocket;
  readonly #sessionId: string;
  readonly #warn: TerminalConnectionDeps['warn'];
  readonly #pingTimer: NodeJS.Timeout;
  #stream: TerminalStream | null = null;
  /** What was sent before the terminal was followed. */
  #early: ((stream: TerminalStream) => void)[] = [];
  #isAlive = true;

  constructor({ socket, sessionId, warn }: TerminalConnectionDeps) {
    this.#socket = socket;
    this.#sessionId = sessionId;
    this.#warn = warn;
    this.#pingTimer = setInterval(
      this.#contained(() => this.#ping()),
      pingIntervalMs,
    );
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    const onClose = () => this.#dispose();
    socket.on('close', this.#contained(onClose));
    socket.on('error', () => socket.terminate());
    const onMessage = (data: Buffer, isBinary: boolean) => this.#onMessage(data, isBinary);
    socket.on('message', this.#contained(onMessage));
  }

  /** Connects the socket with the terminal. Closes the socket if that is not possible. */
  async followTerminal(host: Host | undefined): Promise<void> {
    const socket = this.#socket;
    try {
      if (!host) throw new AppError('host_not_found');
      const stream = await host.follow(this.#sessionId, {
        onData: this.#contained((bytes: Buffer) => {
          if (socket.bufferedAmount > maxBehind) socket.close(closeCodes.tooSlow, 'too slow');
          else socket.send(bytes);
        }),
        onEnd: () => socket.close(closeCodes.ended, 'ended'),
      });
      this.#stream = stream;
      if (socket.readyState !== socket.OPEN) stream.dispose();
      for (const work of this.#early.splice(0)) work(stream);
    } catch (error) {
      if (!(error instanceof AppError)) this.#warn(error, 'failed to follow a terminal');
      socket.close(closeCodes.refused, (error as AppError).code ?? 'failed');
    }
  }

  /** What fails in a handler of this socket closes it, and nothing else. */
  #contained<A extends unknown[]>(handler: (...args: A) => unknown): (...args: A) => void {
    return contain(handler, (error) => {
      this.#warn(error, `the terminal of session ${this.#sessionId} failed`);
      this.#socket.terminate();
    });
  }

  #ping(): void {
    if (!this.#isAlive) {
      this.#socket.terminate();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.#withStream((stream) => stream.write(data));
      return;
    }
    const size = parseSize(String(data));
    if (size) this.#withStream((stream) => stream.resize(size));
  }

  #withStream(work: (stream: TerminalStream) => void): void {
    if (this.#stream) work(this.#stream);
    else this.#early.push(work);
  }

  #dispose(): void {
    clearInterval(this.#pingTimer);
    this.#stream?.dispose();
  }
}

/** Null for a malformed message: the size stays. */
function parseSize(text: string): z.infer<typeof Resize> | null {
  try {
    return Resize.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
