import { createSseDecoder, readProblem } from '../../contract/client.ts';
import type { ResetEvent, StoredEvent } from '../../contract/event.ts';
import { ApiError, addressOf, call, pageHeaders, rememberBuild, unreachable } from './client.ts';

export type StreamEvent = StoredEvent | ResetEvent;

/** A line that has just worked is tried again at once: trains come out of tunnels. */
const retryMs = { first: 150, last: 10_000 };

/** The server says something each 15 s: after so long without a word the line is dead. */
const silenceMs = 35_000;

/** The server's first words come with its headers. Where they do not, something in between holds the stream back. */
const firstWordMs = 4000;

/** How long one long poll waits, and after how many of them a stream is tried again. */
const poll = { waitS: 20, rounds: 15 };

export type LinkState = 'open' | 'lost' | 'polling';

/**
 * Follows the events after a cursor, each once, over lost connections; where a proxy holds streams back,
 * by long polls. `detail` names the conversation whose turns are wanted word by word.
 */
export function openStream(on: {
  /** Null: from now on. */
  cursor(): number | null;
  detail(): string;
  /** The server answers; its events are up to here. */
  opened(cursor: number): void;
  /** Events in their order, as many as came together. */
  events(events: StreamEvent[]): void;
  state(state: LinkState): void;
  /** The sign-in was lost. */
  refused(): void;
}): { /** Tries at once, on a new connection. */ kick(): void; idleMs(): number; dispose(): void } {
  let ending = new AbortController();
  let lastWord = 0;
  let delay = retryMs.first;
  let isDisposed = false;
  let wake = () => {};
  let pollsLeft = 0;

  const query = () => ({ after: on.cursor() ?? undefined, detail: on.detail() });

  async function readStream(signal: AbortSignal): Promise<void> {
    const guard = new AbortController();
    const both = AbortSignal.any([signal, guard.signal]);
    let timer = setTimeout(() => guard.abort(), firstWordMs);
    let hasSpoken = false;
    const word = () => {
      lastWord = Date.now();
      hasSpoken = true;
      clearTimeout(timer);
      timer = setTimeout(() => guard.abort(), silenceMs);
    };
    try {
      const response = await fetch(addressOf('followAll', { query: query() }), {
        headers: { accept: 'text/event-stream', ...pageHeaders },
        cache: 'no-store',
        signal: both,
      });
      rememberBuild(response.headers);
      if (!response.ok || !response.body) throw new ApiError(await readProblem(response));
      // A network that asks for a sign-in of its own answers everything with a page of its own.
      if (!response.headers.get('content-type')?.startsWith('text/event-stream')) throw unreachable();
      on.opened(Number(response.headers.get('x-switchboard-cursor')));
      const reader = response.body.getReader();
      const frames = createSseDecoder();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        word();
        delay = retryMs.first;
        on.state('open');
        // A server that shuts down says so, without an id; the line is opened again when it is back.
        const found = frames.push(value).filter(({ event }) => event !== 'shutdown');
        const events = found.map(({ data }) => JSON.parse(data) as StreamEvent);
        if (events.length) on.events(events);
      }
    } catch (error) {
      if (!hasSpoken && guard.signal.aborted && (await answersPolls(signal))) pollsLeft = poll.rounds;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether the server answers what is no stream: then the line is there, and the stream alone is held back. */
  async function answersPolls(signal: AbortSignal): Promise<boolean> {
    try {
      await readPoll(0, AbortSignal.any([signal, AbortSignal.timeout(firstWordMs)]));
      return true;
    } catch {
      return false;
    }
  }

  async function readPoll(waitS: number, signal: AbortSignal): Promise<void> {
    const page = await call(
      'followAll',
      { query: { ...query(), wait_s: waitS } },
      { signal: AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]), cache: 'no-store' },
    );
    lastWord = Date.now();
    on.opened(page.cursor);
    on.state('polling');
    if (page.events.length) on.events(page.events as StreamEvent[]);
  }

  async function run(): Promise<void> {
    while (!isDisposed) {
      ending = new AbortController();
      const { signal } = ending;
      try {
        if (pollsLeft > 0) {
          pollsLeft -= 1;
          await readPoll(poll.waitS, signal);
          continue;
        }
        await readStream(signal);
        throw unreachable();
      } catch (error) {
        if (isDisposed) return;
        if (error instanceof ApiError && error.status === 401) {
          on.refused();
          return;
        }
        // Kicked: the next one begins at once, and nobody need hear of it.
        if (signal.aborted || pollsLeft > 0) continue;
        on.state('lost');
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, delay * (0.75 + Math.random() / 2));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        delay = Math.min(delay * 2, retryMs.last);
      }
    }
  }

  void run();
  return {
    kick() {
      delay = retryMs.first;
      ending.abort();
      wake();
    },
    idleMs: () => Date.now() - lastWord,
    dispose() {
      isDisposed = true;
      ending.abort();
      wake();
    },
  };
}
