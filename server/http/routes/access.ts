import type { Request, Response } from 'express';

import type { Pairings } from '../../access/pairings.ts';
import type { CheckPassword } from '../../access/password.ts';
import { AppError } from '../../app-error.ts';
import type { Pushes } from '../../push/push-service.ts';
import { type CredentialStore, cookieMs } from '../../store/credential-store.ts';
import type { Tunnel } from '../../tunnel/port.ts';
import type { ClientAddress } from '../client-address.ts';
import type { Handle } from '../handle.ts';
import { cookieName, findSignIn } from '../middleware/authenticate.ts';
import type { OpenResponses } from '../open-responses.ts';
import type { TerminalTickets } from '../terminal-tickets.ts';

export type AccessDeps = {
  credentials: CredentialStore;
  checkPassword: CheckPassword;
  client: ClientAddress;
  username: string;
  openResponses: OpenResponses;
  pairings: Pairings;
  tunnel: Tunnel;
  tickets: Pick<TerminalTickets, 'clear'>;
  /** The devices that get notifications; they belong to sign-ins and tokens. */
  pushes: Pick<Pushes, 'removeOfCredential' | 'removeOfSignIns'>;
};

export function addLoginRoute(handle: Handle, deps: AccessDeps): void {
  handle('login', async ({ body, request, response }) => {
    await deps.checkPassword(deps.client.addressOf(request), body.username, body.password);
    return signIn(request, response, deps);
  });

  handle('pair', ({ body, request, response }) => {
    deps.pairings.redeem(body.code);
    return signIn(request, response, deps);
  });
}

function signIn(request: Request, response: Response, deps: AccessDeps): { username: string } {
  const { secret } = deps.credentials.create('cookie', describeBrowser(request));
  response.cookie(cookieName, secret, { ...cookieOptions(request, deps.client), maxAge: cookieMs });
  return { username: deps.username };
}

export function addAccessRoutes(handle: Handle, deps: AccessDeps): void {
  handle('logout', ({ request, response, actor }) => {
    const isCookie =
      actor.credentialId !== null && findSignIn(request, deps.credentials)?.id === actor.credentialId;
    const signedOut = isCookie && actor.credentialId !== null && deps.credentials.revoke(actor.credentialId);
    if (signedOut && actor.credentialId) {
      deps.openResponses.close(actor.credentialId, response);
      deps.pushes.removeOfCredential(actor.credentialId, 'browsers');
    }
    clearCookie(request, response, deps.client);
    return { signed_out: signedOut };
  });

  handle('logoutAll', ({ body, request, response }) => {
    deps.pairings.clear();
    const ended = deps.credentials.list().filter(({ kind }) => kind === 'cookie' || body.tokens === true);
    for (const { id } of ended) {
      deps.credentials.revoke(id);
      deps.openResponses.close(id, response);
      deps.pushes.removeOfCredential(id, 'all');
    }
    if (body.tokens) {
      deps.tickets.clear();
      deps.openResponses.closeAll(response);
      deps.pushes.removeOfSignIns();
    }
    clearCookie(request, response, deps.client);
    return { revoked: ended.length };
  });

  handle('createPairing', async ({ request }) => {
    const { renderSVG } = await import('uqr');
    const { code, expires_at } = deps.pairings.create();
    const tunnel = deps.tunnel.status().url;
    // Behind the sharp sign, where no log and no proxy sees it.
    const url = `${tunnel ?? `${originOf(request)}`}/pair#${code}`;
    return { url, expires_at, qr: renderSVG(url, { border: 2 }), is_tunnel: tunnel !== null };
  });

  handle('listCredentials', ({ actor }) => ({
    credentials: deps.credentials
      .list()
      .map((credential) => ({ ...credential, current: credential.id === actor.credentialId })),
  }));

  handle('revokeCredential', ({ params, response }) => {
    if (!deps.credentials.revoke(params.id)) {
      throw new AppError(
        'credential_not_found',
        `There is no sign-in or token ${JSON.stringify(params.id)}.`,
        { field: 'id' },
      );
    }
    deps.openResponses.close(params.id, response);
    deps.pushes.removeOfCredential(params.id, 'all');
    return { revoked: params.id };
  });

  handle('createToken', ({ body }) => {
    const { credential, secret } = deps.credentials.create('token', body.label);
    return { id: credential.id, label: credential.label, token: secret };
  });
}

/** Where this browser has the page from. */
const originOf = (request: Request) => request.get('origin') ?? `http://${request.get('host')}`;

function cookieOptions(request: Request, client: ClientAddress) {
  const isHttps = client.isTunnelled(request) || request.get('origin')?.startsWith('https:') === true;
  return { httpOnly: true, sameSite: 'strict', secure: isHttps, path: '/' } as const;
}

function clearCookie(request: Request, response: Response, client: ClientAddress): void {
  response.clearCookie(cookieName, cookieOptions(request, client));
}

/** A name for a sign-in that a person recognises, from the User-Agent. */
function describeBrowser(request: Request): string {
  const agent = request.get('user-agent') ?? '';
  const device = /iPhone|iPad|Android|Macintosh|Windows|Linux/.exec(agent)?.[0] ?? 'unknown device';
  const browser = /Edg|Firefox|Chrome|Safari|curl/.exec(agent)?.[0] ?? 'browser';
  return `${browser} on ${device}`;
}
