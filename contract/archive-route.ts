import type { Route } from './route-row.ts';

const one = ['record_not_found'] as const;

/** The routes of the sessions that were started here, ended ones above all; see `routes`. */
export const archiveRoutes = {
  listArchive: {
    method: 'GET',
    path: '/api/archive',
    tag: 'archive',
    summary:
      'Every session that was started here, in a terminal or for messages, newest first, with why it ended',
    errors: [],
  },
  readArchive: {
    method: 'GET',
    path: '/api/archive/:id',
    tag: 'archive',
    summary: 'One of them',
    errors: one,
  },
  readArchiveLog: {
    method: 'GET',
    path: '/api/archive/:id/log',
    tag: 'archive',
    summary: 'The end of what its terminal showed',
    streams: ['text/plain'],
    errors: one,
  },
  changeArchive: {
    method: 'PATCH',
    path: '/api/archive/:id',
    tag: 'archive',
    summary: 'Give a record a label',
    errors: one,
  },
  hideArchive: {
    method: 'POST',
    path: '/api/archive/:id/hide',
    tag: 'archive',
    summary: 'Leave a record out of the list',
    errors: one,
  },
  unhideArchive: {
    method: 'DELETE',
    path: '/api/archive/:id/hide',
    tag: 'archive',
    summary: 'Take it into the list again',
    errors: one,
  },
} as const satisfies Record<string, Route>;
