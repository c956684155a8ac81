import type { ErrorCode } from './error.ts';

/**
 * One route of the HTTP API. `path` has Express's `:name` parameters. `errors` are those that the
 * route adds to the ones that any route can answer with (see `commonErrors`).
 */
export type Route = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  summary: string;
  /** The group in the documentation. */
  tag:
    | 'chat'
    | 'conversations'
    | 'turns'
    | 'prompts'
    | 'events'
    | 'sessions'
    | 'archive'
    | 'push'
    | 'access'
    | 'service';
  /** True where no credentials are needed. */
  open?: boolean;
  /** The status of success; default: 200. */
  status?: 201 | 202;
  /** Media types of the answer besides JSON. */
  streams?: readonly ('text/event-stream' | 'text/plain' | 'text/markdown')[];
  /** Whether files may come with it as multipart/form-data. */
  takesFiles?: true;
  /** Whether it takes an Idempotency-Key. */
  takesKey?: true;
  errors: readonly ErrorCode[];
};
