import { signal } from '@preact/signals';
import { ApiError, serverBuild } from '../api/client.ts';
import type { Failure } from '../i18n/errors.ts';

/** Whether this browser is signed in; unknown while nobody could be asked. */
export const signedIn = signal<boolean | null>(null);

/** Whether the conversations are known: until then nobody can tell which one is to be open, and a box would be that of the wrong one. */
export const isListed = signal(false);

/** Noted where this browser was signed in: without it the server need not be asked before the login is shown. */
const signedInKey = 'signed-in';

export const wasSignedIn = (): boolean => localStorage.getItem(signedInKey) !== null;

export function recordSignIn(isIn: boolean): void {
  signedIn.value = isIn;
  if (isIn) localStorage.setItem(signedInKey, 'yes');
  else localStorage.removeItem(signedInKey);
  if (!isIn) isListed.value = false;
}

/** Which user, and the project that a conversation is in where none is named. */
export const user = signal<{ name: string; project: string } | null>(null);

/** What went wrong last, for one line; it goes when something succeeds. */
export const lastError = signal<Failure | null>(null);

/** The build that this page is of; with another one on the server it is from before an update. */
export const build = signal('');

export const isOutdated = (): boolean =>
  build.value !== '' && serverBuild.value !== '' && serverBuild.value !== build.value;

/** Runs calls of the API: a lost sign-in leads to the login, other errors are shown. True if they succeeded. */
export async function runReported(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    lastError.value = null;
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) signedIn.value = false;
    // A lost connection has its own line.
    else if (error.status !== 0) lastError.value = error.failure;
    return false;
  }
}
