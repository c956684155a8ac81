import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import { AppError } from '../../app-error.ts';
import { isLoopback } from '../../config.ts';

const hostOf = (authority: string) =>
  authority
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');

const defaultPorts = { http: '80', https: '443' } as const;
type Scheme = keyof typeof defaultPorts;

/** Host and port of an authority for a scheme, in the form that URL gives them; null for what is none. */
function normalize(scheme: Scheme, authority: string): string | null {
  if (!URL.canParse(`${scheme}://${authority}`)) return null;
  const { hostname, port, username, password, pathname, search, hash } = new URL(`${scheme}://${authority}`);
  if (username || password || pathname !== '/' || search || hash) return null;
  return `${hostname}:${port || defaultPorts[scheme]}`;
}

/** The scheme by which a browser asked; null if that is not known, behind a proxy that does not say so. */
function schemeOf({ headers, socket }: IncomingMessage, isTunnelled: boolean): Scheme | null {
  if (isTunnelled) return 'https';
  // A page cannot set this header on what it sends across without asking first, which no other page may.
  const forwarded = String(headers['x-forwarded-proto'] ?? '')
    .split(',')
    .at(-1)
    ?.trim();
  if (forwarded === 'http' || forwarded === 'https') return forwarded;
  // We speak plain http; who names our own port has come to us directly.
  const port = /:(\d+)$/.exec(headers.host ?? '')?.[1] ?? defaultPorts.http;
  return Number(port) === socket.localPort ? 'http' : null;
}

type GuardDeps = {
  /** Names besides those of this machine, as in ALLOWED_HOSTS: `desk.example.org`, or a whole origin. */
  names(): readonly string[];
  isTunnelled?(request: IncomingMessage): boolean;
};

/** Distinguishes what a foreign web page sends from what is ours. */
export function createGuard({ names, isTunnelled = () => false }: GuardDeps) {
  const isOrigin = (name: string) => name.includes('://');
  const hosts = () =>
    names().map((name) => (isOrigin(name) && URL.canParse(name) ? new URL(name).hostname : hostOf(name)));
  const origins = () =>
    names()
      .filter((name) => isOrigin(name) && URL.canParse(name))
      .map((name) => new URL(name).origin);

  /**
   * Whether an origin is one that we serve: scheme, host and port of it are those by which this request
   * reached us, or it is named in the settings as a whole. Another port of this machine is another origin.
   */
  function isOwnOrigin(origin: string, request: IncomingMessage): boolean {
    // A browser writes an origin in one form alone.
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) return false;
    if (origins().includes(origin)) return true;
    const scheme = new URL(origin).protocol.slice(0, -1);
    if (scheme !== 'http' && scheme !== 'https') return false;
    const asked = schemeOf(request, isTunnelled(request));
    if (asked !== null && asked !== scheme) return false;
    return normalize(scheme, new URL(origin).host) === normalize(scheme, request.headers.host ?? '');
  }

  return {
    /**
     * Whether it was asked for by a name of ours: a page whose name was rebound to this machine has another.
     */
    isOurs(request: IncomingMessage): boolean {
      const host = hostOf(request.headers.host ?? '');
      return (
        isLoopback(host) ||
        hosts().includes(host) ||
        host === hostOf(request.socket.localAddress?.replace(/^::ffff:/, '') ?? '')
      );
    },
    /** Whether a page of another site sends it. */
    isForeign: (request: IncomingMessage): boolean =>
      request.headers.origin !== undefined && !isOwnOrigin(request.headers.origin, request),
  };
}

export type Guard = ReturnType<typeof createGuard>;

/**
 * Our page sends this with each request. A form cannot, and a script of another page would have to ask first.
 */
export const pageHeader = 'x-switchboard-page';

/**
 * Throws AppError `origin_not_allowed` for a change that a browser's cookie vouches for, unless something in
 * it shows that a page of ours sends it: other ports of the same host get the cookie too.
 */
export function checkFromPage(request: Request): void {
  // Signing out ends nothing but the cookie that came with it, and scripts do it without a body.
  const isHarmless = ['GET', 'HEAD'].includes(request.method) || request.originalUrl === '/api/logout';
  const isFromPage = request.get(pageHeader) !== undefined || request.get('sec-fetch-site') === 'same-origin';
  if (isHarmless || isFromPage || request.is('application/json')) return;
  throw new AppError(
    'origin_not_allowed',
    `A change by a cookie needs the header "${pageHeader}: 1" or a body of JSON, which forms of ` +
      'other pages cannot send.',
  );
}

/**
 * Keeps foreign web pages out. The Host check stops a page whose name was rebound to this machine; the
 * Origin and Sec-Fetch-Site checks stop one that sends requests across; a body must be JSON, which a
 * form of another page cannot send. Where files are taken (`takesFiles`) a form is let through that says that
 * it comes from our page, or that a script sends with its own credentials.
 */
export function createGuardCheck({
  guard,
  takesFiles,
}: {
  guard: Guard;
  takesFiles(method: string, path: string): boolean;
}): RequestHandler {
  return function checkOrigin(request, _response, next) {
    if (!guard.isOurs(request)) {
      throw new AppError(
        'host_not_allowed',
        `This server does not answer for ${JSON.stringify(request.get('host') ?? '')}.`,
      );
    }
    // The router does not tell /API from /api.
    const isPage = request.method === 'GET' && !request.path.toLowerCase().startsWith('/api/');
    const origin = request.get('origin');
    const site = request.get('sec-fetch-site');
    if (guard.isForeign(request)) {
      throw new AppError(
        'origin_not_allowed',
        `The origin ${origin} is not the one that was asked for, ${request.get('host')}.`,
      );
    }
    if (!isPage && site !== undefined && site !== 'same-origin' && site !== 'none') {
      throw new AppError(
        'origin_not_allowed',
        `A page of ${origin ?? 'another site'} may not call this API.`,
      );
    }
    const hasBody =
      request.get('transfer-encoding') !== undefined || Number(request.get('content-length') ?? 0) > 0;
    const isKnownSender =
      origin !== undefined || (request.get('authorization') !== undefined && site === undefined);
    const mayHaveFiles =
      isKnownSender && request.is('multipart/form-data') && takesFiles(request.method, request.path);
    if (hasBody && !mayHaveFiles && !request.is('application/json')) {
      throw new AppError(
        'unsupported_media_type',
        `The body is ${request.get('content-type') ?? 'of no type'}; it must be application/json.`,
      );
    }
    next();
  };
}

/**
 * Tells the service worker whether a share comes from another app (or our own page) or from a foreign page:
 * no page can write Sec-Fetch-Site. Nothing of the body is read.
 */
export function createShareCheck(guard: Guard): RequestHandler {
  return function checkShare(request, response) {
    const site = request.get('sec-fetch-site');
    const origin = request.get('origin');
    const isKnown = origin === undefined || origin === 'null' || !guard.isForeign(request);
    if (guard.isOurs(request) && isKnown && (site === 'same-origin' || site === 'none'))
      return void response.status(204).end();
    throw new AppError(
      'origin_not_allowed',
      'Only another app of the device, or the page of this server, may share something here.',
    );
  };
}
