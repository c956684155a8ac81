import type { NextFunction, Request, RequestHandler, Response } from 'express';
import expressBasicAuth from 'express-basic-auth';
import { toProblem } from '../../../contract/error.ts';
import type { LocalAccess } from '../../access/local-access.ts';
import type { CheckPassword } from '../../access/password.ts';
import { AppError } from '../../app-error.ts';
import type { Credential, CredentialStore } from '../../store/credential-store.ts';
import type { ClientAddress } from '../client-address.ts';
import { trust } from '../connection-limit.ts';
import type { Actor } from '../handle.ts';
import type { OpenResponses } from '../open-responses.ts';
import { checkFromPage } from './guard.ts';

export const cookieName = 'switchboard';

/** Each costs a look into the database. */
const maxCookies = 10;

/**
 * The sign-in of a browser. Other ports of this host can set cookies of the same name, with a longer path
 * that comes first: they must not sign the person out, so each value is tried.
 */
export function findSignIn(request: Request, credentials: Pick<CredentialStore, 'find'>): Credential | null {
  const values = (request.get('cookie') ?? '')
    .split(';')
    .map((pair) => pair.trim().split('='))
    .flatMap(([name, value]) => (name === cookieName && value ? [value] : []));
  for (const value of values.slice(0, maxCookies)) {
    const found = credentials.find('cookie', value);
    if (found) return found;
  }
  return null;
}

/**
 * Admits requests with the page's cookie, a Bearer token or the password (Basic), and records which it was.
 */
export function createAuthenticate(deps: {
  credentials: CredentialStore;
  checkPassword: CheckPassword;
  localAccess: Pick<LocalAccess, 'isOurs'>;
  username: string;
  client: ClientAddress;
  openResponses: OpenResponses;
}): RequestHandler {
  return function authenticate(request, response, next) {
    const enter = (credentialId: string | null, name = deps.username) => {
      response.locals['actor'] = { username: deps.username, credentialId, name } satisfies Actor;
      deps.openResponses.add(credentialId, response);
      trust(request.socket);
      next();
    };
    const byCookie = findSignIn(request, deps.credentials);
    if (byCookie) {
      checkFromPage(request);
      return enter(byCookie.id, `${deps.username} (${byCookie.label})`);
    }

    const bearer = /^Bearer\s+(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
    if (bearer !== undefined) {
      if (deps.localAccess.isOurs(bearer)) return enter(null, `${deps.username} (this machine)`);
      const byToken = deps.credentials.find('token', bearer);
      if (byToken) return enter(byToken.id, `token ${byToken.label}`);
      throw new AppError('wrong_credentials', 'The token is not known, or was revoked.');
    }
    byPassword(request, response, () => enter(null), next);
  };

  /** HTTP Basic by express-basic-auth, which answers 401 itself, in our words. */
  function byPassword(request: Request, response: Response, enter: () => void, next: NextFunction): void {
    let wrong = new AppError('not_signed_in');
    const basic = expressBasicAuth({
      authorizeAsync: true,
      authorizer(username: string, password: string, done: expressBasicAuth.AsyncAuthorizerCallback) {
        deps
          .checkPassword(deps.client.addressOf(request), username, password)
          .then(
            () => done(null, true),
            (error) => {
              if (!(error instanceof AppError) || error.code !== 'wrong_credentials') return next(error);
              wrong = error;
              done(null, false);
            },
          )
          // `done` runs what comes next, which can fail before it answers.
          .catch(next);
      },
      // A browser answers a challenge with its own dialog over the page; scripts need the realm.
      challenge: request.get('sec-fetch-mode') === undefined,
      realm: 'switchboard',
      unauthorizedResponse() {
        response.type('application/problem+json');
        return toProblem(wrong.code, wrong.message, { request_id: response.locals['requestId'] });
      },
    });
    basic(request as expressBasicAuth.IBasicAuthedRequest, response, () => {
      // The package leaves the password there in clear.
      delete (request as { auth?: unknown }).auth;
      enter();
    });
  }
}
