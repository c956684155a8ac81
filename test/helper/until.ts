import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with the first value of `look` that is not false, null or undefined; fails after `ms`, saying what was waited for. */
export async function until<T>(what: string, look: () => T | Promise<T>, ms = 20_000): Promise<NonNullable<Exclude<T, false>>> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await look();
    if (value !== false && value !== null && value !== undefined) return value as NonNullable<Exclude<T, false>>;
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await delay(10);
  }
}
