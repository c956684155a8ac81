import { signal } from '@preact/signals';
import { trouble } from './session.ts';

/** What the address names. */
export type Place =
  | { name: 'chat'; id: string | null }
  | { name: 'settings'; part: string | null }
  | { name: 'sessions'; id: string | null }
  | { name: 'pair' }
  | { name: 'share' };

export function placeOf(path: string): Place {
  const [, first, second] = path.split('/');
  if (first === 'c' && second) return { name: 'chat', id: decode(second) };
  if (first === 'settings') return { name: 'settings', part: second ? decode(second) : null };
  if (first === 'sessions') return { name: 'sessions', id: second ? decode(second) : null };
  if (first === 'pair') return { name: 'pair' };
  if (first === 'share') return { name: 'share' };
  return { name: 'chat', id: null };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const place = signal<Place>({ name: 'chat', id: null });

/** Follows the address, with back and forward. */
export function followAddress(): void {
  place.value = placeOf(location.pathname);
  addEventListener('popstate', () => {
    place.value = placeOf(location.pathname);
  });
}

export function go(path: string, { replace = false } = {}): void {
  if (path !== location.pathname) history[replace ? 'replaceState' : 'pushState'](null, '', path);
  place.value = placeOf(path);
  trouble.value = null;
}

export const pathOf = (id: string) => `/c/${encodeURIComponent(id)}`;
