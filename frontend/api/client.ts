import type { Answer, Sent } from '../../contract/endpoint.ts';
import { errorTable, type Problem } from '../../contract/error.ts';
import { type Route, type RouteName, routes } from '../../contract/route.ts';

/** What the server answered in place of what was asked for, or why it could not be reached (`status` 0). */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly hint: string;

  constructor({ status, code, detail, hint }: Pick<Problem, 'status' | 'detail' | 'hint'> & { code: string }) {
    super(detail);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

type Parts<N extends RouteName> = {
  [K in 'params' | 'query' | 'body' as [Sent<N, K>] extends [never] ? never : K]: Sent<N, K>;
};

type AnyParts = { params?: Record<string, string>; query?: Record<string, unknown>; body?: unknown };

/** The address of a route with its parameters filled in. */
export function addressOf(name: RouteName, { params = {}, query = {} }: AnyParts): string {
  const path = routes[name].path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''));
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  return given.length ? `${path}?${search}` : path;
}

/** Calls a route of the API. Throws ApiError. */
export async function call<N extends RouteName>(name: N, parts: Parts<N>, headers: Record<string, string> = {}): Promise<Answer<N>> {
  const { body, ...rest } = parts as AnyParts;
  const route: Route = routes[name];
  const response = await fetch(addressOf(name, rest), {
    method: route.method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new ApiError({ status: 0, code: 'unreachable', detail: 'The server cannot be reached.', hint: 'Check the connection, then try again.' });
  });
  if (response.ok) return response.json();
  throw new ApiError(await readProblem(response));
}

/** A tunnel or proxy in between answers with pages of its own. */
async function readProblem(response: Response): Promise<Pick<Problem, 'status' | 'detail' | 'hint'> & { code: string }> {
  const problem = await response.json().catch(() => null);
  if (problem && typeof problem.detail === 'string') return problem;
  const { hint } = errorTable.internal;
  return { status: response.status, code: 'unknown', detail: `The server answered with status ${response.status}.`, hint };
}

/** A key that is new each time; randomUUID is there only on https and localhost. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
