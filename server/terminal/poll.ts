import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 100;

/** Polls until `look` returns a value, for up to `ms`; null if it did not. */
export async function pollUntil<T>(ms: number, look: () => Promise<T | null>): Promise<T | null> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== null || performance.now() > end) return found;
    await delay(pollMs);
  }
}
