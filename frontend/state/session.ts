import { signal } from '@preact/signals';
import { ApiError, serverBuild } from '../api/client.ts';
import type { Failure } from '../i18n/errors.ts';

/** Whether this browser is signed in; null until the server has answered. */
export const signedIn = signal<boolean | null>(null);

/** Whether the conversations are loaded: until then it is unknown which one to open. */
export const isListed = signal(false);

/** Set while this browser is signed in: without it the login is shown without asking the server. */
const signedInKey = 'signed-in';

export const wasSignedIn = (): boolean => localStorage.getItem(signedInKey) !== null;

export function recordSignIn(isIn: boolean): void {
  signedIn.value = isIn;
  if (isIn) localStorage.setItem(signedInKey, 'yes');
  else localStorage.removeItem(signedInKey);
  if (!isIn) isListed.value = false;
}

/** The user, and the default project. */
export const user = signal<{ name: string; project: string } | null>(null);

/** What went wrong last, for one line; it goes when something succeeds. */
export const lastError = signal<Failure | null>(null);

/** The build of this page; if the server has another one, the page is outdated. */
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
