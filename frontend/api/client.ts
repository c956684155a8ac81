import { signal } from '@preact/signals';
import {
  type ApiProblem,
  buildPath,
  buildRequest,
  type RequestParts,
  readProblem,
} from '../../contract/client.ts';
import type { Answer, Sent } from '../../contract/endpoint.ts';
import { type RouteName, routes } from '../../contract/route.ts';

/** What the server answered instead of a success, or why it could not be reached (`status` 0). */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly code: string;
  /** Seconds to wait before the next try. */
  readonly retryAfter: number | null;

  constructor({ status, code, detail, retryAfter = null }: Failure) {
    super(detail);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** What a person is shown of it. */
  get failure(): { code: string; detail: string } {
    return { code: this.code, detail: this.message };
  }
}

type Failure = Pick<ApiProblem, 'status' | 'detail'> & { code: string; retryAfter?: number | null };

/** The build of the page that the server has, from its answers. */
export const serverBuild = signal('');

/** A request without an answer is given up after this long: a tunnel that has changed never answers. */
const timeoutMs = 30_000;

type Parts<N extends RouteName> = {
  [K in 'params' | 'query' | 'body' as [Sent<N, K>] extends [never] ? never : K]: Sent<N, K>;
};

/** The address of a route with its parameters filled in. */
export const addressOf = (name: RouteName, parts: RequestParts): string => buildPath(routes[name], parts);

export const unreachable = () =>
  new ApiError({ status: 0, code: 'unreachable', detail: 'The server cannot be reached.' });

/** Calls a route of the API. Throws ApiError. */
export async function call<N extends RouteName>(
  name: N,
  parts: Parts<N>,
  init: RequestInit = {},
): Promise<Answer<N>> {
  const headers = { ...pageHeaders, ...(init.headers as Record<string, string>) };
  const response = await fetch(addressOf(name, parts), {
    signal: AbortSignal.timeout(timeoutMs),
    ...init,
    ...buildRequest(routes[name], parts, headers),
  }).catch(() => {
    throw unreachable();
  });
  return readAnswer(response);
}

/** The JSON of a successful answer. Throws ApiError. */
export async function readAnswer<T>(response: Response): Promise<T> {
  rememberBuild(response.headers);
  if (!response.ok) throw new ApiError(await readProblem(response));
  return response.json().catch(() => {
    throw unreachable();
  });
}

/**
 * What each request of the page carries. The first shows the server that no form of another page sends it; the second
 * keeps a free ngrok tunnel from answering with its own page.
 */
export const pageHeaders = { 'x-switchboard-page': '1', 'ngrok-skip-browser-warning': '1' };

export function rememberBuild(headers: Pick<Headers, 'get'>): void {
  const build = headers.get('x-switchboard-build');
  if (build) serverBuild.value = build;
}

/** A new random key; `crypto.randomUUID` exists only on https and localhost. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
