import type { Answer, Sent } from '../contract/endpoint.ts';
import type { ShutdownEvent, StoredEvent } from '../contract/event.ts';
import { type RouteName, routes } from '../contract/route.ts';
import type { Route } from '../contract/route-row.ts';
import type { Connection } from './connection.ts';
import { createFrameReader } from './event-frames.ts';
import { CliError } from './fault.ts';

/** What the server answered in place of what was asked for. */
export class ApiError extends CliError {
  readonly status: number;
  readonly code: string;

  constructor({
    status,
    code,
    detail,
    hint,
  }: { status: number; code: string; detail: string; hint: string }) {
    super(`${detail}${/[.!?]$/.test(detail) ? '' : '.'} ${hint}`.trim());
    this.status = status;
    this.code = code;
  }
}

type Parts<N extends RouteName> = {
  [K in 'params' | 'query' | 'body' as [Sent<N, K>] extends [never] ? never : K]: Sent<N, K>;
};
type AnyParts = { params?: Record<string, string>; query?: Record<string, unknown>; body?: unknown };

/** How long a connection may take to be made. */
const retryMs = 500;
const retries = 5;

/** The API by its route table. All throw ApiError, or CliError where the server cannot be reached. */
export function createClient({ url, authorization, whyStale }: Connection, signal: AbortSignal) {
  async function request(
    name: RouteName,
    { params = {}, query = {}, body }: AnyParts,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const route: Route = routes[name];
    const path = route.path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''));
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = given.length
      ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}`
      : '';
    const response = await fetch(url + path + search, {
      method: route.method,
      signal,
      headers: {
        authorization,
        'ngrok-skip-browser-warning': '1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(async (error) => {
      if (signal.aborted) throw error;
      const stale = await whyStale?.();
      if (stale) throw new CliError(`No server answers at ${url}: ${stale}`);
      throw new CliError(
        `${url} cannot be reached (${(error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message}). Is the server running?`,
      );
    });
    if (response.ok) return response;
    const problem = await response.json().catch(() => null);
    // The token of an earlier run: the answer alone would not say that.
    const stale = response.status === 401 ? await whyStale?.() : null;
    if (stale) throw new CliError(stale);
    if (problem && typeof problem.detail === 'string') throw new ApiError(problem);
    throw new CliError(`Something between here and the server answered with status ${response.status}.`);
  }

  const client = {
    url,
    call: async <N extends RouteName>(
      name: N,
      parts: Parts<N>,
      headers: Record<string, string> = {},
    ): Promise<Answer<N>> => (await request(name, parts as AnyParts, headers)).json(),
    /** The bare text of an answer. */
    text: async <N extends RouteName>(name: N, parts: Parts<N>): Promise<string> =>
      (await request(name, parts as AnyParts)).text(),
    /** As `call`, and again where no connection came about: for what carries a key. */
    async surely<N extends RouteName>(
      name: N,
      parts: Parts<N>,
      headers: Record<string, string>,
    ): Promise<Answer<N>> {
      for (let left = retries; ; left -= 1) {
        try {
          return await client.call(name, parts, headers);
        } catch (error) {
          if (error instanceof ApiError || signal.aborted || left === 0) throw error;
          await new Promise((resolve) => setTimeout(resolve, retryMs));
        }
      }
    },
    /** The events of a conversation after a cursor, each once, over lost connections, until the reader stops. */
    async *events(convId: string, after: number): AsyncGenerator<StoredEvent> {
      let cursor = after;
      for (let lost = 0; ; lost += 1) {
        try {
          const response = await request(
            'followConversation',
            { params: { id: convId }, query: { after: cursor } },
            { accept: 'text/event-stream' },
          );
          const frames = createFrameReader();
          for await (const piece of (response.body as ReadableStream<Uint8Array>).pipeThrough(
            new TextDecoderStream() as never,
          ) as unknown as AsyncIterable<string>) {
            lost = 0;
            for (const data of frames.push(piece)) {
              const event = JSON.parse(data) as StoredEvent | ShutdownEvent;
              // The server comes back: the next connection continues after the same event.
              if (event.type === 'shutdown') continue;
              cursor = event.id;
              yield event;
            }
          }
        } catch (error) {
          if (error instanceof ApiError || signal.aborted || lost >= retries) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    },
  };
  return client;
}

export type Client = ReturnType<typeof createClient>;
