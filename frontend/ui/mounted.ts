import { signal } from '@preact/signals';

/**
 * Whether the page has been drawn by this browser. Until then it draws what the server drew: Preact takes that over
 * as it is, so what only the browser knows (drafts, what it can do, how it wants the page) comes with the next drawing.
 */
export const isMounted = signal(false);
