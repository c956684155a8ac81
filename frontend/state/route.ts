import { signal } from '@preact/signals';
import { matchPagePath, type PageScreen } from '../../contract/page-path.ts';
import { lastError } from './session.ts';

/** A screen, and what it shows: a conversation, a session, or a part of the settings. */
export type PageRoute = { name: PageScreen; id: string | null };

/** What an address names; an unknown one is the home screen. */
export function parseRoute(path: string): PageRoute {
  const { screen, param } = matchPagePath(path) ?? { screen: 'chat', param: null };
  return { name: screen, id: param === null ? null : decode(param) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const route = signal<PageRoute>({ name: 'chat', id: null });

/** Follows the address, with back and forward. */
export function followAddress(): void {
  route.value = parseRoute(location.pathname);
  addEventListener('popstate', () => {
    route.value = parseRoute(location.pathname);
  });
}

export function navigate(path: string, { replace = false } = {}): void {
  if (path !== location.pathname) history[replace ? 'replaceState' : 'pushState'](null, '', path);
  route.value = parseRoute(path);
  lastError.value = null;
}

/** The address of a conversation. */
export const conversationPath = (id: string) => `/c/${encodeURIComponent(id)}`;
