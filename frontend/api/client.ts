import { signal } from '@preact/signals';
import type { Answer, Sent } from '../../contract/endpoint.ts';
import type { Problem } from '../../contract/error.ts';
import { type RouteName, routes } from '../../contract/route.ts';
import type { Route } from '../../contract/route-row.ts';

/** What the server answered in place of what was asked for, or why it could not be reached (`status` 0). */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  /** How long to wait before it is tried again, in seconds. */
  readonly retryAfter: number | null;

  constructor({ status, code, detail, hint, retryAfter = null }: ApiProblem) {
    super(detail);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.retryAfter = retryAfter;
  }
}

/** A fault and its cure as one text. */
export const inWords = ({ message, hint }: { message: string; hint: string }): string =>
  `${message}${/[.!?…]$/.test(message) ? '' : '.'} ${hint}`.trim();

type ApiProblem = Pick<Problem, 'status' | 'detail' | 'hint'> & { code: string; retryAfter?: number | null };

/** The build of the page that the server has, from its answers. */
export const serverBuild = signal('');

/** A request that says nothing for so long is given up: a tunnel that has changed answers nobody. */
const patienceMs = 30_000;

type Parts<N extends RouteName> = {
  [K in 'params' | 'query' | 'body' as [Sent<N, K>] extends [never] ? never : K]: Sent<N, K>;
};

type AnyParts = { params?: Record<string, string>; query?: Record<string, unknown>; body?: unknown };

/** The address of a route with its parameters filled in. */
export function addressOf(name: RouteName, { params = {}, query = {} }: AnyParts): string {
  const path = routes[name].path.replace(/:(\w+)/g, (_, key: string) =>
    encodeURIComponent(params[key] ?? ''),
  );
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  return given.length ? `${path}?${search}` : path;
}

export const unreachable = () =>
  new ApiError({
    status: 0,
    code: 'unreachable',
    detail: 'The server cannot be reached.',
    hint: 'Check the connection, then try again.',
  });

/** Calls a route of the API. Throws ApiError. */
export async function call<N extends RouteName>(
  name: N,
  parts: Parts<N>,
  how: RequestInit = {},
): Promise<Answer<N>> {
  const { body, ...rest } = parts as AnyParts;
  const route: Route = routes[name];
  const response = await fetch(addressOf(name, rest), {
    signal: AbortSignal.timeout(patienceMs),
    ...how,
    method: route.method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...pageHeaders,
      ...how.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw unreachable();
  });
  noteBuild(response.headers);
  if (response.ok) {
    return response.json().catch(() => {
      throw unreachable();
    });
  }
  throw new ApiError(await readProblem(response));
}

/**
 * What each request of the page carries. The first shows the server that no form of another page sends it; the second
 * keeps a free ngrok tunnel from answering with a page of its own.
 */
export const pageHeaders = { 'x-switchboard-page': '1', 'ngrok-skip-browser-warning': '1' };

export function noteBuild(headers: Pick<Headers, 'get'>): void {
  const found = headers.get('x-switchboard-build');
  if (found) serverBuild.value = found;
}

/** A tunnel or proxy in between answers with pages of its own. */
export async function readProblem(
  response: Pick<Response, 'status' | 'headers' | 'json'>,
): Promise<ApiProblem> {
  const problem = await response.json().catch(() => null);
  const retryAfter = Number(response.headers.get('retry-after')) || null;
  if (problem && typeof problem.detail === 'string') return { ...problem, retryAfter };
  const detail = `Something between here and the server answered with status ${response.status}.`;
  return { status: response.status, code: 'unknown', detail, hint: 'Try again.', retryAfter };
}

/** A key that is new each time; randomUUID is there only on https and localhost. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
