import { signal } from '@preact/signals';
import type { ConversationSummary } from '../../contract/conversation.ts';
import { ApiError, call } from '../api/client.ts';

/** Set when this browser has signed in once: without it the server need not be asked before the login is shown. */
const signedInKey = 'signed-in';

/** Whether this browser is signed in; unknown until the server was asked. */
export const signedIn = signal<boolean | null>(localStorage.getItem(signedInKey) ? null : false);

export const conversations = signal<ConversationSummary[]>([]);

/** What went wrong last, for the line under the header. */
export const trouble = signal<string | null>(null);

/** The conversation that is open, by the address of the page. */
export const currentId = signal(idOfPath());

function idOfPath(): string {
  const name = /^\/c\/([^/]+)$/.exec(location.pathname)?.[1];
  return name ? decodeURIComponent(name) : 'default';
}

export function openConversation(id: string): void {
  if (id !== currentId.value) history.pushState(null, '', `/c/${encodeURIComponent(id)}`);
  currentId.value = id;
}

addEventListener('popstate', () => {
  currentId.value = idOfPath();
});

/** Runs what calls the API; a lost sign-in leads to the login, other faults are shown. True where it went well. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    trouble.value = null;
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) signedIn.value = false;
    else trouble.value = `${error.message} ${error.hint}`;
    return false;
  }
}

export function loadConversations(): Promise<boolean> {
  return attempt(async () => {
    conversations.value = (await call('listConversations', { query: { archived: 'false', limit: 1000 } })).conversations;
    signedIn.value = true;
    localStorage.setItem(signedInKey, 'yes');
  });
}
