import type { Route } from './route-row.ts';

/** The routes of event streams; see `routes`. */
export const eventRoutes = {
  followConversation: {
    method: 'GET',
    path: '/api/conversations/:id/events',
    tag: 'events',
    summary: 'The events of one conversation; `Last-Event-ID` or `after` replays what came since',
    streams: ['text/event-stream'],
    errors: ['conversation_not_found'],
  },
  followAll: {
    method: 'GET',
    path: '/api/events',
    tag: 'events',
    summary: 'The events of all conversations; `Last-Event-ID` or `after` replays what came since',
    streams: ['text/event-stream'],
    errors: [],
  },
} as const satisfies Record<string, Route>;
