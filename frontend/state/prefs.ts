import { signal } from '@preact/signals';

/** How this browser wants the page. It is kept in a cookie, so that the server draws the first screen so. */
export type Prefs = {
  theme: 'auto' | 'light' | 'dark';
  size: 'small' | 'medium' | 'large' | 'huge';
  /** Words and receipts alone. */
  quiet: boolean;
  /** What Enter does; auto: a new line on touch, send with a keyboard. */
  enter: 'auto' | 'send' | 'newline';
  /** Null: as the browser says. */
  language: 'en' | 'de' | null;
};

const defaults: Prefs = { theme: 'auto', size: 'medium', quiet: false, enter: 'auto', language: null };

export const prefs = signal<Prefs>(defaults);

export function loadPrefs(): void {
  const text = /(?:^|;\s*)prefs=([^;]*)/.exec(document.cookie)?.[1];
  try {
    prefs.value = { ...defaults, ...JSON.parse(decodeURIComponent(text ?? '{}')) };
  } catch {
    prefs.value = defaults;
  }
}

export function setPrefs(changes: Partial<Prefs>): void {
  prefs.value = { ...prefs.value, ...changes };
  const year = 365 * 24 * 3600;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser
  document.cookie = `prefs=${encodeURIComponent(JSON.stringify(prefs.value))}; path=/; max-age=${year}; samesite=strict`;
  document.documentElement.dataset['theme'] = prefs.value.theme;
  document.documentElement.dataset['size'] = prefs.value.size;
}
