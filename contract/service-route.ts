import type { Route } from './route-row.ts';

/** The routes of the server itself; see `routes`. */
export const serviceRoutes = {
  health: {
    method: 'GET',
    path: '/health',
    tag: 'service',
    open: true,
    summary: 'Whether the server is up',
    errors: [],
  },
  status: {
    method: 'GET',
    path: '/api/status',
    tag: 'service',
    summary: 'Whether claude is found and signed in, the tunnel, running and queued turns, limits',
    errors: [],
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    tag: 'service',
    summary: 'Figures for Prometheus, as its text format',
    errors: [],
  },
  openapi: {
    method: 'GET',
    path: '/api/openapi.json',
    tag: 'service',
    summary: 'This API as OpenAPI 3.1',
    errors: [],
  },
} as const satisfies Record<string, Route>;
