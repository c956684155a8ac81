import {
  type ApiProblem,
  buildPath,
  buildRequest,
  createSseDecoder,
  type RequestParts,
  readProblem,
} from '../contract/client.ts';
import type { Answer, Sent } from '../contract/endpoint.ts';
import type { ShutdownEvent, StoredEvent } from '../contract/event.ts';
import { type RouteName, routes } from '../contract/route.ts';
import type { Connection } from './connection.ts';
import { CliError } from './errors.ts';
import { fixes } from './fixes.ts';

/** What the server answered instead of a success. */
export class ApiError extends CliError {
  readonly status: number;
  readonly code: string;

  constructor({ status, code, detail }: Pick<ApiProblem, 'status' | 'detail'> & { code: string }) {
    const sentence = /[.!?]$/.test(detail) ? detail : `${detail}.`;
    super(`${sentence} ${fixes[code as keyof typeof fixes] ?? ''}`.trim());
    this.status = status;
    this.code = code;
  }
}

type Parts<N extends RouteName> = {
  [K in 'params' | 'query' | 'body' as [Sent<N, K>] extends [never] ? never : K]: Sent<N, K>;
};

/** Pause before a request or a stream is tried again, and how often in a row. */
const retryDelayMs = 500;
const maxRetries = 5;

const waitForRetry = () => new Promise((resolve) => setTimeout(resolve, retryDelayMs));

/** The API by its route table. Methods throw ApiError, or CliError if the server cannot be reached. */
export class Client {
  readonly #connect: () => Connection;
  readonly #signal: AbortSignal;
  #connected: Connection | null = null;

  /** `connect` is called with the first request: some commands need no server. */
  constructor(connect: () => Connection, signal: AbortSignal) {
    this.#connect = connect;
    this.#signal = signal;
  }

  get url(): string {
    return this.#connection.url;
  }

  get #connection(): Connection {
    this.#connected ??= this.#connect();
    return this.#connected;
  }

  async call<N extends RouteName>(
    name: N,
    parts: Parts<N>,
    headers: Record<string, string> = {},
  ): Promise<Answer<N>> {
    return (await this.#request(name, parts, headers)).json();
  }

  /** The bare text of an answer. */
  async readText<N extends RouteName>(name: N, parts: Parts<N>): Promise<string> {
    return (await this.#request(name, parts)).text();
  }

  /** As `call`, and again if the connection fails. Only for requests that are safe to repeat, such as those with a key. */
  async callWithRetry<N extends RouteName>(
    name: N,
    parts: Parts<N>,
    headers: Record<string, string> = {},
  ): Promise<Answer<N>> {
    for (let left = maxRetries; ; left -= 1) {
      try {
        return await this.call(name, parts, headers);
      } catch (error) {
        if (error instanceof ApiError || this.#signal.aborted || left === 0) throw error;
        await waitForRetry();
      }
    }
  }

  /** The events of a conversation after a cursor, each once, across lost connections, until the reader stops. */
  async *readEvents(convId: string, after: number): AsyncGenerator<StoredEvent> {
    let cursor = after;
    for (let failures = 0; ; failures += 1) {
      try {
        for await (const event of this.#readStream(convId, cursor)) {
          failures = 0;
          cursor = event.id;
          yield event;
        }
      } catch (error) {
        if (error instanceof ApiError || this.#signal.aborted || failures >= maxRetries) throw error;
      }
      await waitForRetry();
    }
  }

  async *#readStream(convId: string, after: number): AsyncGenerator<StoredEvent> {
    const parts = { params: { id: convId }, query: { after } };
    const response = await this.#request('followConversation', parts, { accept: 'text/event-stream' });
    const decoder = createSseDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      for (const { data } of decoder.push(chunk)) {
        const event = JSON.parse(data) as StoredEvent | ShutdownEvent;
        // The server will be back: the next connection continues after the same event.
        if (event.type !== 'shutdown') yield event;
      }
    }
  }

  async #request(
    name: RouteName,
    parts: RequestParts,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const { authorization, findStaleReason } = this.#connection;
    const init = buildRequest(routes[name], parts, {
      authorization,
      'ngrok-skip-browser-warning': '1',
      ...headers,
    });
    const response = await fetch(this.url + buildPath(routes[name], parts), {
      ...init,
      signal: this.#signal,
    }).catch((error) => this.#throwUnreachable(error));
    if (response.ok) return response;
    const problem = await readProblem(response);
    // A token of an earlier run of the server: the answer alone does not say so.
    const stale = response.status === 401 ? await findStaleReason?.() : null;
    if (stale) throw new CliError(stale);
    if (problem.code === 'unknown') throw new CliError(problem.detail);
    throw new ApiError(problem);
  }

  async #throwUnreachable(error: Error & { cause?: { code?: string } }): Promise<never> {
    if (this.#signal.aborted) throw error;
    const stale = await this.#connection.findStaleReason?.();
    if (stale) throw new CliError(`No server answers at ${this.url}: ${stale}`);
    const reason = error.cause?.code ?? error.message;
    throw new CliError(`${this.url} cannot be reached (${reason}). Is the server running?`);
  }
}
