import { setTimeout as delay } from 'node:timers/promises';

/** Each look costs the server some work, and a crowded machine is made no quicker by looking: the longer it takes, the seldomer. */
const pause = { firstMs: 10, share: 0.1, lastMs: 100 };

/** Resolves with the first value of `look` that is not false, null or undefined; fails after `ms`, saying what was waited for. */
export async function until<T>(what: string, look: () => T | Promise<T>, ms = 20_000): Promise<NonNullable<Exclude<T, false>>> {
  const begin = Date.now();
  for (;;) {
    const value = await look();
    if (value !== false && value !== null && value !== undefined) return value as NonNullable<Exclude<T, false>>;
    if (Date.now() > begin + ms) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await delay(Math.min(pause.lastMs, pause.firstMs + pause.share * (Date.now() - begin)));
  }
}
