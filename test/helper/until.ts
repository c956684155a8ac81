import { setTimeout as delay } from 'node:timers/promises';

/**
 * Each poll costs the server work, and polling slows a busy machine down: the longer it takes, the rarer the
 * polls.
 */
const pause = { firstMs: 10, share: 0.1, lastMs: 100 };

type Falsy = false | 0 | '' | null | undefined;

/**
 * Resolves with the first truthy value of `look`; fails after `ms`, naming what was awaited. The time is
 * long because the machine may be busy: a test that passes never waits for it.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  ms = 60_000,
): Promise<Exclude<T, Falsy>> {
  const begin = Date.now();
  for (;;) {
    const value = await look();
    if (value) return value as Exclude<T, Falsy>;
    if (Date.now() > begin + ms) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await delay(Math.min(pause.lastMs, pause.firstMs + pause.share * (Date.now() - begin)));
  }
}
