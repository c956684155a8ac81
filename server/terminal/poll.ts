import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 100;

/** Looks again and again, for `ms` at most, until something is found; null where it was not. */
export async function pollUntil<T>(ms: number, look: () => Promise<T | null>): Promise<T | null> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== null || performance.now() > end) return found;
    await delay(pollMs);
  }
}
