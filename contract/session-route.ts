import type { Route } from './route-row.ts';

const one = ['host_not_found', 'session_not_found', 'session_ambiguous'] as const;

/** The routes of the sessions on a host; see `routes`. */
export const sessionRoutes = {
  listHostSessions: {
    method: 'GET',
    path: '/api/hosts/:host/sessions',
    tag: 'sessions',
    summary: 'Every session that was ever begun on a host (`local` is this machine), live ones first, then newest first',
    errors: ['host_not_found'],
  },
  readHostSession: {
    method: 'GET',
    path: '/api/hosts/:host/sessions/:id',
    tag: 'sessions',
    summary: 'One session, by its id or the beginning of it',
    errors: one,
  },
  readHostMessages: {
    method: 'GET',
    path: '/api/hosts/:host/sessions/:id/messages',
    tag: 'sessions',
    summary: 'A page of its history, as of a conversation',
    errors: one,
  },
  diagnoseSession: {
    method: 'GET',
    path: '/api/hosts/:host/sessions/:id/diagnose',
    tag: 'sessions',
    summary: 'What it did last, why it stands where it stands, and what to do',
    errors: one,
  },
  search: {
    method: 'GET',
    path: '/api/search',
    tag: 'sessions',
    summary: 'Words, "phrases" and prefixes* in all transcripts of this machine',
    errors: [],
  },
  readTyped: {
    method: 'GET',
    path: '/api/history',
    tag: 'sessions',
    summary: 'What was typed at the desk, newest first',
    errors: [],
  },
} as const satisfies Record<string, Route>;
