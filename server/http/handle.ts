import { type Request, type Response, Router } from 'express';
import type { z } from 'zod';
import { type Answer, type Endpoint, endpoints, type Received } from '../../contract/endpoint.ts';
import { type RouteName, routes } from '../../contract/route.ts';
import type { Route } from '../../contract/route-row.ts';
import { AppError } from '../app-error.ts';

/** Who asks: set by `authenticate`. `name` says by what they came in as well. */
export type Actor = { username: string; credentialId: string | null; name: string };

/** What a handler gets: the checked parts of the request, who asks, and a signal for when they hang up. */
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
export type Handler<N extends RouteName> = (context: Context<N>) => Answer<N> | undefined | Promise<Answer<N> | undefined>;
export type Handle = <N extends RouteName>(name: N, handler: Handler<N>) => void;

/** Joins handlers to the route table. `checkAnswers` holds each answer against its shape, for the tests. */
export function createHandle({ checkAnswers }: { checkAnswers: boolean }): { router: Router; handle: Handle } {
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
      const context = {
        params: parsePart(endpoint.params, request.params, ''),
        query: parsePart(endpoint.query, request.query, ''),
        body: parsePart(endpoint.body, request.body ?? {}, ''),
        request,
        response,
        actor: response.locals['actor'],
        signal: hangUpSignal(response),
      } as Context<typeof name>;
      const answer = await handler(context);
      if (answer === undefined || response.headersSent || response.destroyed) return;
      if (checkAnswers) endpoint.response.parse(answer);
      response.status(route.status ?? 200).json(answer);
    });
  };

  return { router, handle };
}

/** Answers 405 for a path of the table that was asked for by another method. Comes after all handlers. */
export function createMethodCheck(): Router {
  const router = Router();
  const methods = new Map<string, string[]>();
  for (const route of Object.values(routes) as Route[]) methods.set(route.path, [...(methods.get(route.path) ?? []), route.method]);
  for (const [path, allowed] of methods) {
    router.all(path, (request, response) => {
      response.set('Allow', allowed.join(', '));
      throw new AppError('method_not_allowed', `${request.method} ${path} is not there; it takes ${allowed.join(', ')}.`);
    });
  }
  return router;
}

function parsePart(schema: z.ZodType | undefined, value: unknown, prefix: string): unknown {
  if (!schema) return {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = prefix + (issue?.path.join('.') || '');
  throw new AppError('invalid_request', field ? `${field}: ${issue?.message}` : issue?.message, { field: field || undefined });
}

function hangUpSignal(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
