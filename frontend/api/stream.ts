import { createSseDecoder, readProblem } from '../../contract/client.ts';
import type { ResetEvent, StoredEvent } from '../../contract/event.ts';
import { ApiError, addressOf, call, pageHeaders, rememberBuild, unreachable } from './client.ts';

export type StreamEvent = StoredEvent | ResetEvent;

/** Reconnects at once if the connection has just worked (a train that leaves a tunnel). */
const retryDelayMs = { first: 150, last: 10_000 };

/** The server sends something every 15 s: after this long without anything the connection is dead. */
const silenceMs = 35_000;

/** The first bytes of the server come with its headers. If they do not, something in between buffers the stream. */
const firstBytesMs = 4000;

/** How long one long poll waits, and after how many of them a stream is tried again. */
const poll = { waitS: 20, rounds: 15 };

export type LinkState = 'open' | 'lost' | 'polling';

type StreamListener = {
  /** The event to continue after; null: from now on. */
  cursor(): number | null;
  /** The conversation whose turns are wanted word by word. */
  detail(): string;
  /** The server answers; its events are up to here. */
  opened(cursor: number): void;
  /** Events in order, as many as arrived together. */
  events(events: StreamEvent[]): void;
  state(state: LinkState): void;
  /** The sign-in was lost. */
  refused(): void;
};

/** Follows the events after a cursor, each once, across lost connections; by long polls if a proxy buffers streams. */
export class EventStream {
  readonly #listener: StreamListener;
  #connection = new AbortController();
  #lastBytesAt = 0;
  #delay = retryDelayMs.first;
  #isDisposed = false;
  /** Ends the pause before the next try. */
  #wake = () => {};
  #pollsLeft = 0;

  constructor(listener: StreamListener) {
    this.#listener = listener;
    void this.#run();
  }

  /** Tries at once, on a new connection. */
  reconnect(): void {
    this.#delay = retryDelayMs.first;
    this.#connection.abort();
    this.#wake();
  }

  idleMs(): number {
    return Date.now() - this.#lastBytesAt;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#connection.abort();
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#isDisposed) {
      this.#connection = new AbortController();
      const { signal } = this.#connection;
      try {
        await this.#readOnce(signal);
      } catch (error) {
        if (this.#isDisposed) return;
        if (error instanceof ApiError && error.status === 401) {
          this.#listener.refused();
          return;
        }
        // After a reconnect, or with polls to come, the next try begins at once and nothing is lost.
        if (signal.aborted || this.#pollsLeft > 0) continue;
        this.#listener.state('lost');
        await this.#pause();
      }
    }
  }

  async #readOnce(signal: AbortSignal): Promise<void> {
    if (this.#pollsLeft > 0) {
      this.#pollsLeft -= 1;
      await this.#readPoll(poll.waitS, signal);
      return;
    }
    await this.#readStream(signal);
    throw unreachable();
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#delay * (0.75 + Math.random() / 2));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#delay = Math.min(this.#delay * 2, retryDelayMs.last);
  }

  #query() {
    return { after: this.#listener.cursor() ?? undefined, detail: this.#listener.detail() };
  }

  async #readStream(signal: AbortSignal): Promise<void> {
    const guard = new AbortController();
    let timer = setTimeout(() => guard.abort(), firstBytesMs);
    let hasBytes = false;
    const onBytes = () => {
      hasBytes = true;
      this.#lastBytesAt = Date.now();
      clearTimeout(timer);
      timer = setTimeout(() => guard.abort(), silenceMs);
    };
    try {
      await this.#readEvents(AbortSignal.any([signal, guard.signal]), onBytes);
    } catch (error) {
      if (!hasBytes && guard.signal.aborted && (await this.#answersPolls(signal)))
        this.#pollsLeft = poll.rounds;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #readEvents(signal: AbortSignal, onBytes: () => void): Promise<void> {
    const response = await fetch(addressOf('followAll', { query: this.#query() }), {
      headers: { accept: 'text/event-stream', ...pageHeaders },
      cache: 'no-store',
      signal,
    });
    rememberBuild(response.headers);
    if (!response.ok || !response.body) throw new ApiError(await readProblem(response));
    // A network with its own sign-in answers everything with its own page.
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) throw unreachable();
    this.#listener.opened(Number(response.headers.get('x-switchboard-cursor')));
    const reader = response.body.getReader();
    const decoder = createSseDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      this.#delay = retryDelayMs.first;
      this.#listener.state('open');
      // A server that shuts down says so, without an id; the stream is opened again when it is back.
      const frames = decoder.push(value).filter(({ event }) => event !== 'shutdown');
      const events = frames.map(({ data }) => JSON.parse(data) as StreamEvent);
      if (events.length) this.#listener.events(events);
    }
  }

  /** Whether the server answers requests that are not streams: then only the stream is held back. */
  async #answersPolls(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#readPoll(0, AbortSignal.any([signal, AbortSignal.timeout(firstBytesMs)]));
      return true;
    } catch {
      return false;
    }
  }

  async #readPoll(waitS: number, signal: AbortSignal): Promise<void> {
    const page = await call(
      'followAll',
      { query: { ...this.#query(), wait_s: waitS } },
      { signal: AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]), cache: 'no-store' },
    );
    this.#lastBytesAt = Date.now();
    this.#listener.opened(page.cursor);
    this.#listener.state('polling');
    if (page.events.length) this.#listener.events(page.events as StreamEvent[]);
  }
}
