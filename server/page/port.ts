import type { Boot } from '../../contract/boot.ts';

/** How this browser wants the page, from its own cookie. */
export type PageLook = { theme: string; size: string };

/** The built page. */
export interface Page {
  /** Names what was built; null where nothing is. */
  build(): string | null;
  /** What a style must be called in the Content-Security-Policy to be let in. */
  styleHash(): string;
  /** The whole document: with the first screen drawn in it, or (without `boot`) bare, for use without a connection. */
  html(boot: Boot | null, look: PageLook): Promise<string>;
  /** The service worker, which is another one with each build. */
  worker(): string;
}
