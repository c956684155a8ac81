import type { ErrorCode, Problem } from './error.ts';
import type { Route } from './route-row.ts';

// What every client of the API needs: the page, its service worker, the command and the tests. It loads no zod, which
// would cost the page 22 KB.

/** What fills in a route: its path parameters, its query and its JSON body. */
export type RequestParts = {
  params?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
};

type Address = Pick<Route, 'path'>;

/** The path and query of a request. Parameters of the query that are undefined are left out. */
export function buildPath({ path }: Address, { params = {}, query = {} }: RequestParts): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const entries = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(entries.map(([name, value]) => [name, String(value)]));
  return entries.length ? `${filled}?${search}` : filled;
}

/** The method, headers and body of a request, as `fetch` takes them. */
export function buildRequest(
  { method }: Pick<Route, 'method'>,
  { body }: RequestParts,
  headers: Record<string, string> = {},
): { method: string; headers: Record<string, string>; body?: string } {
  if (body === undefined) return { method, headers };
  return { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** An answer that is not a success; `unknown` if something other than the server sent it. */
export type ApiProblem = Pick<Problem, 'status' | 'title' | 'detail' | 'hint' | 'turn_id'> & {
  code: ErrorCode | 'unknown';
  /** Seconds to wait before the next try. */
  retryAfter: number | null;
};

/** Reads the problem of an answer. Tunnels and proxies between client and server answer with their own pages. */
export async function readProblem(
  response: Pick<Response, 'status' | 'headers' | 'json'>,
): Promise<ApiProblem> {
  const problem = await response.json().catch(() => null);
  const retryAfter = Number(response.headers.get('retry-after')) || null;
  if (typeof problem?.detail === 'string') return { ...problem, retryAfter };
  const title = `Something between here and the server answered with status ${response.status}.`;
  return { status: response.status, code: 'unknown', title, detail: title, hint: 'Try again.', retryAfter };
}

/** One event of a server-sent event stream. */
export type SseFrame = { event: string; data: string };

/** Decodes a stream that arrives in pieces, cut anywhere. Comments and `retry:` lines give no frame. */
export function createSseDecoder(): { push(chunk: Uint8Array): SseFrame[] } {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  return {
    push(chunk) {
      const text = decoder.decode(chunk, { stream: true });
      if (!text) return [];
      const last = pieces.at(-1) ?? '';
      pieces.push(text);
      // A long frame arrives in many pieces: each is searched once, so that the time stays linear.
      if (!`${last.slice(-1)}${text}`.includes('\n\n')) return [];
      const blocks = pieces.join('').split('\n\n');
      pieces = [blocks.pop() ?? ''];
      return blocks.flatMap(parseBlock);
    },
  };
}

function parseBlock(block: string): SseFrame[] {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return data.length ? [{ event, data: data.join('\n') }] : [];
}
