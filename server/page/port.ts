import type { Boot } from '../../contract/boot.ts';

/** How this browser wants the page, from its own cookie. */
export type PageLook = { theme: string; size: string };

export type PagePolicy = { style: string; script: string };

/** The built page. */
export interface Page {
  /** The id of the build; null if nothing is built. */
  build(): string | null;
  /**
   * The hashes of the document's own style and script for the Content-Security-Policy; null if nothing is
   * built.
   */
  policy(): PagePolicy | null;
  /**
   * The whole document: with the first screen drawn in it, or (without `boot`) bare, for use without a
   * connection.
   */
  html(boot: Boot | null, look: PageLook): Promise<string>;
  /** The service worker, which is another one with each build. */
  worker(): string;
}
