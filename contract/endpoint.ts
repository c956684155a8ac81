import type { z } from 'zod';
import { accessEndpoints } from './access-endpoint.ts';
import { archiveEndpoints } from './archive-endpoint.ts';
import { conversationEndpoints } from './conversation-endpoint.ts';
import { eventEndpoints } from './event-endpoint.ts';
import { promptEndpoints } from './prompt-endpoint.ts';
import { pushEndpoints } from './push-endpoint.ts';
import type { RouteName } from './route.ts';
import { serviceEndpoints } from './service-endpoint.ts';
import { sessionEndpoints } from './session-endpoint.ts';
import { turnEndpoints } from './turn-endpoint.ts';

/** The shapes of one route. A part that is left out takes nothing. */
export type Endpoint = {
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  /** Fields of the body that may hold NUL: what the model or a tool gets as it stands. Elsewhere NUL is refused. */
  keepsNul?: readonly string[] | 'all';
  response: z.ZodType;
};

/** Joins each route to its shapes. Only the server and the command import this; a page imports its types. */
export const endpoints = {
  ...serviceEndpoints,
  ...conversationEndpoints,
  ...turnEndpoints,
  ...promptEndpoints,
  ...eventEndpoints,
  ...pushEndpoints,
  ...accessEndpoints,
  ...sessionEndpoints,
  ...archiveEndpoints,
} as const satisfies Record<RouteName, Endpoint>;

export type Endpoints = typeof endpoints;
type Part<N extends RouteName, K extends keyof Endpoint> =
  Endpoints[N] extends Record<K, infer S> ? S : never;

/** What a client sends in a part of a request. */
export type Sent<N extends RouteName, K extends 'params' | 'query' | 'body'> = z.input<Part<N, K>>;
/** What a handler gets of it after the checks. */
export type Received<N extends RouteName, K extends 'params' | 'query' | 'body'> = z.output<Part<N, K>>;
/** What the route answers with. */
export type Answer<N extends RouteName> = z.output<Part<N, 'response'>>;
