import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { AppError } from '../../app-error.ts';
import { isLoopback } from '../../config.ts';

const hostOf = (authority: string) =>
  authority
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');

/** Tells what a foreign web page sends from what is ours. `names` are host names besides those of this machine. */
export function createGuard({ names }: { names(): readonly string[] }) {
  return {
    /** Whether it was asked for by a name of ours: a page whose name was rebound to this machine has another. */
    isOurs(request: IncomingMessage): boolean {
      const host = hostOf(request.headers.host ?? '');
      return isLoopback(host) || names().includes(host) || host === hostOf(request.socket.localAddress?.replace(/^::ffff:/, '') ?? '');
    },
    /** Whether a page of another site sends it. */
    isForeign({ headers }: IncomingMessage): boolean {
      return headers.origin !== undefined && !isOwnOrigin(headers.origin, headers.host ?? '', names());
    },
  };
}

export type Guard = ReturnType<typeof createGuard>;

/**
 * Keeps foreign web pages out. The Host check stops a page whose name was rebound to this machine; the
 * Origin and Sec-Fetch-Site checks stop one that sends requests across; a body must be JSON, which a
 * form of another page cannot send. Where files are taken (`takesFiles`) a form is let through that says that it
 * comes from our page, or that a script sends with credentials of its own.
 */
export function createGuardCheck({ guard, takesFiles }: { guard: Guard; takesFiles(method: string, path: string): boolean }): RequestHandler {
  return function checkOrigin(request, _response, next) {
    if (!guard.isOurs(request)) {
      throw new AppError('host_not_allowed', `This server does not answer for ${JSON.stringify(request.get('host') ?? '')}.`);
    }
    // The router does not tell /API from /api.
    const isPage = request.method === 'GET' && !request.path.toLowerCase().startsWith('/api/');
    const origin = request.get('origin');
    const site = request.get('sec-fetch-site');
    if (guard.isForeign(request) || (!isPage && site !== undefined && site !== 'same-origin' && site !== 'none')) {
      throw new AppError('origin_not_allowed', `A page of ${origin ?? 'another site'} may not call this API.`);
    }
    const hasBody = request.get('transfer-encoding') !== undefined || Number(request.get('content-length') ?? 0) > 0;
    const isKnownSender = origin !== undefined || (request.get('authorization') !== undefined && site === undefined);
    const mayHaveFiles = isKnownSender && request.is('multipart/form-data') && takesFiles(request.method, request.path);
    if (hasBody && !mayHaveFiles && !request.is('application/json')) {
      throw new AppError('unsupported_media_type', `The body is ${request.get('content-type') ?? 'of no type'}; it must be application/json.`);
    }
    next();
  };
}

/** Another port of this machine is another site; behind a reverse proxy the configured names are ours. */
function isOwnOrigin(origin: string, authority: string, names: readonly string[]): boolean {
  if (!URL.canParse(origin)) return false;
  const { host, hostname } = new URL(origin);
  return host === authority.toLowerCase() || names.includes(hostname);
}
