import { type Request, type Response, Router } from 'express';
import type { z } from 'zod';
import { type Answer, type Endpoint, endpoints, type Received } from '../../contract/endpoint.ts';
import { type RouteName, routes } from '../../contract/route.ts';
import type { Route } from '../../contract/route-row.ts';
import { AppError } from '../app-error.ts';
import { toJson, toWellFormed } from '../util/json-text.ts';

/** The authenticated client, set by `authenticate`. `name` also says how it authenticated. */
export type Actor = { username: string; credentialId: string | null; name: string };

/** What a handler gets: the validated parts of the request, the client, and a signal for when it hangs up. */
export type Context<N extends RouteName> = {
  params: Received<N, 'params'>;
  query: Received<N, 'query'>;
  body: Received<N, 'body'>;
  request: Request;
  response: Response;
  actor: Actor;
  signal: AbortSignal;
};

/** Answers a route. One that streams writes to the response itself and gives undefined. */
export type Handler<N extends RouteName> = (
  context: Context<N>,
) => Answer<N> | undefined | Promise<Answer<N> | undefined>;
export type Handle = <N extends RouteName>(name: N, handler: Handler<N>) => void;

/** Joins handlers to the route table. `checkAnswers` holds each answer against its shape, for the tests. */
export function createHandle({ checkAnswers }: { checkAnswers: boolean }): {
  router: Router;
  handle: Handle;
} {
  const router = Router();

  const handle: Handle = (name, handler) => {
    const route: Route = routes[name];
    const endpoint: Endpoint = endpoints[name];
    const method = route.method.toLowerCase() as 'get' | 'post' | 'patch' | 'delete';
    router[method](route.path, async (request, response) => {
      // Express answers HEAD by the handler of GET; one that follows events would never end.
      if (request.method === 'HEAD' && (route.tag === 'events' || name === 'exportConversation')) {
        response.end();
        return;
      }
      checkPlaces(endpoint, request);
      const context = {
        params: parsePart(endpoint.params, request.params),
        query: parsePart(endpoint.query, request.query),
        body: parsePart(endpoint.body, request.body ?? {}, endpoint.keepsNul),
        request,
        response,
        actor: response.locals['actor'],
        signal: hangUpSignal(response),
      } as Context<typeof name>;
      const answer = await handler(context);
      if (answer === undefined || response.headersSent || response.destroyed) return;
      if (checkAnswers) endpoint.response.parse(answer);
      response
        .status(route.status ?? 200)
        .type('json')
        .send(toJson(answer));
    });
  };

  return { router, handle };
}

/** Answers 405 for a path of the table that was asked for by another method. Comes after all handlers. */
export function createMethodCheck(): Router {
  const router = Router();
  const methods = new Map<string, string[]>();
  for (const route of Object.values(routes) as Route[])
    methods.set(route.path, [...(methods.get(route.path) ?? []), route.method]);
  for (const [path, allowed] of methods) {
    router.all(path, (request, response) => {
      response.set('Allow', allowed.join(', '));
      throw new AppError(
        'method_not_allowed',
        `${request.method} ${path} is not there; it takes ${allowed.join(', ')}.`,
      );
    });
  }
  return router;
}

/** The names of the fields that an object may have. */
function fieldsOf(schema: z.ZodType | undefined): readonly string[] {
  const { shape, options } = (schema ?? {}) as { shape?: object; options?: z.ZodType[] };
  return shape ? Object.keys(shape) : (options ?? []).flatMap(fieldsOf);
}

/** A field in the wrong part of a request would be ignored, and something else be done than was asked for. */
function checkPlaces({ query, body }: Endpoint, request: Request): void {
  const [inQuery, inBody] = [fieldsOf(query), fieldsOf(body)];
  const isMisplaced = (own: readonly string[], other: readonly string[]) => (name: string) =>
    !own.includes(name) && other.includes(name);
  const refuse = (field: string, text: string) => {
    throw new AppError('invalid_request', `${field}: ${text}`, { field });
  };
  const fromQuery = Object.keys(request.query).find(isMisplaced(inQuery, inBody));
  if (fromQuery) refuse(fromQuery, 'must be in the body of the request, not in its address');
  const fromBody = Object.keys(request.body ?? {}).find(isMisplaced(inBody, inQuery));
  if (fromBody) refuse(fromBody, 'must be in the address of the request, not in its body');
}

function parsePart(
  schema: z.ZodType | undefined,
  value: unknown,
  keepsNul: Endpoint['keepsNul'] = [],
): unknown {
  if (!schema) return {};
  const text = toWellFormed(value, (path) => {
    if (keepsNul === 'all' || keepsNul.includes(path.split('.')[0] ?? '')) return;
    throw new AppError('invalid_request', `${path || 'A name'}: must not hold NUL`, {
      field: path || undefined,
    });
  });
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || '';
  throw new AppError('invalid_request', field ? `${field}: ${issue?.message}` : issue?.message, {
    field: field || undefined,
  });
}

function hangUpSignal(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
