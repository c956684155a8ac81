import { accessRoutes } from './access-route.ts';
import { archiveRoutes } from './archive-route.ts';
import { conversationRoutes } from './conversation-route.ts';
import type { ErrorCode } from './error.ts';
import { eventRoutes } from './event-route.ts';
import { promptRoutes } from './prompt-route.ts';
import { pushRoutes } from './push-route.ts';
import type { Route } from './route-row.ts';
import { serviceRoutes } from './service-route.ts';
import { sessionRoutes } from './session-route.ts';
import { turnRoutes } from './turn-route.ts';

/** The errors that any route under /api can answer with. */
export const commonErrors = [
  'invalid_request',
  'invalid_json',
  'not_signed_in',
  'wrong_credentials',
  'too_many_logins',
  'host_not_allowed',
  'origin_not_allowed',
  'method_not_allowed',
  'route_not_found',
  'unsupported_media_type',
  'storage_unavailable',
  'internal',
] as const satisfies readonly ErrorCode[];

/** The route table: validation, OpenAPI, the page's client and docs/api.md are made from it. */
export const routes = {
  ...serviceRoutes,
  ...conversationRoutes,
  ...turnRoutes,
  ...promptRoutes,
  ...eventRoutes,
  ...pushRoutes,
  ...accessRoutes,
  ...sessionRoutes,
  ...archiveRoutes,
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;
