import type { Route } from './route-row.ts';

/** The routes of signing in, and of credentials; see `routes`. */
export const accessRoutes = {
  login: {
    method: 'POST',
    path: '/api/login',
    tag: 'access',
    open: true,
    summary: 'Sign a browser in: sets an HttpOnly, SameSite=Strict cookie',
    errors: ['wrong_credentials', 'too_many_logins'],
  },
  logout: {
    method: 'POST',
    path: '/api/logout',
    tag: 'access',
    summary: 'Revoke the cookie of this browser',
    errors: [],
  },
  logoutAll: {
    method: 'POST',
    path: '/api/logout/all',
    tag: 'access',
    summary: 'Revoke every sign-in of every browser, this one too; tokens where asked',
    errors: [],
  },
  createPairing: {
    method: 'POST',
    path: '/api/pairings',
    tag: 'access',
    summary: 'A link that signs another device in: once, within five minutes',
    status: 201,
    errors: [],
  },
  pair: {
    method: 'POST',
    path: '/api/pair',
    tag: 'access',
    open: true,
    summary: 'Sign a browser in by the code of such a link',
    errors: ['pairing_not_found'],
  },
  listCredentials: {
    method: 'GET',
    path: '/api/credentials',
    tag: 'access',
    summary: 'The browsers that are signed in, and the tokens',
    errors: [],
  },
  revokeCredential: {
    method: 'DELETE',
    path: '/api/credentials/:id',
    tag: 'access',
    summary: 'Revoke a sign-in or a token',
    errors: ['credential_not_found'],
  },
  createToken: {
    method: 'POST',
    path: '/api/tokens',
    tag: 'access',
    summary: 'Make a Bearer token for a script or another machine; it is shown this once',
    status: 201,
    errors: [],
  },
} as const satisfies Record<string, Route>;
