import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about sign-in, credentials and who may connect. */
export const accessRequirements = {
  'access.all-ends': {
    promise: 'Everything opened with a revoked credential or an old password ends immediately.',
    from: 'safety',
  },
  'access.strong': {
    promise:
      'A server that can be reached from outside does not start with a password that is easily guessed.',
    from: 'safety',
  },
  'access.exposure': {
    promise: 'A public HOST or a tunnel is refused at the start unless the user has set a password.',
    from: 'safety',
  },
  'access.password': {
    promise: 'Without a password in the settings, one is generated once and stored with mode 0600.',
    from: 'safety',
  },
  'access.ways': {
    promise:
      'The API accepts Basic, a cookie and Bearer tokens; cookies and tokens are listed and revocable.',
    from: 'safety',
  },
  'access.limit': {
    promise:
      'Wrong passwords are limited per address and in total; the right one from another address still works.',
    from: 'safety',
  },
  'access.tunnel-address': {
    promise: 'X-Forwarded-For counts only from the tunnel that the server opened.',
    from: 'safety',
  },
  'guard.foreign-page': {
    promise: 'A foreign web page can do nothing: Host, Origin, Sec-Fetch-Site and content type are checked.',
    from: 'safety',
  },
  'guard.headers': {
    promise: 'Every response has the security headers, and the page a strict CSP.',
    from: 'safety',
  },
  'guard.secrets': {
    promise: "Switchboard's own secrets never reach an agent, an error or a log line.",
    from: 'safety',
  },
  'guard.projects': {
    promise: 'An agent works only in existing folders under PROJECT_ROOTS, links resolved first.',
    from: 'safety',
  },
  'access.pairing': { promise: 'A link signs one device in, once, within five minutes.', from: 'safety' },
} as const satisfies Record<string, Requirement>;
