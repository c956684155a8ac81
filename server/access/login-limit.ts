import { RateLimiterMemory } from 'rate-limiter-flexible';

/** Wrong passwords that one address may send in a quarter of an hour, and all addresses together. */
const allowed = { perAddress: 10, inAll: 100 };
const windowS = 15 * 60;

/**
 * Counts wrong passwords. Once all addresses together have sent too many, each further one has a single
 * try: so guesses from many addresses come to an end, and the right password still opens from a new one.
 */
export function createLoginLimit(limits = allowed) {
  const perAddress = new RateLimiterMemory({ points: limits.perAddress, duration: windowS });
  const inAll = new RateLimiterMemory({ points: limits.inAll, duration: windowS });
  return {
    /** Seconds until this address may try again; null where it may now. */
    async blockedFor(address: string): Promise<number | null> {
      const state = await perAddress.get(toKey(address));
      return state && state.consumedPoints >= limits.perAddress
        ? Math.max(1, Math.ceil(state.msBeforeNext / 1000))
        : null;
    },
    async countWrong(address: string): Promise<void> {
      const key = toKey(address);
      // It rejects where the limit is passed, which blockedFor tells.
      await perAddress.consume(key).catch(() => {});
      const isTooMany = await inAll.consume('all').then(
        () => false,
        () => true,
      );
      if (isTooMany) await perAddress.set(key, limits.perAddress, windowS);
    },
    async countRight(address: string): Promise<void> {
      await perAddress.delete(toKey(address));
    },
  };
}

export type LoginLimit = ReturnType<typeof createLoginLimit>;

/** An IPv6 network has countless addresses, so its first half identifies all of them. */
function toKey(address: string): string {
  const plain = address.replace(/^::ffff:/, '').replace(/%.*$/, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head.split(':').filter(Boolean);
  const rest = (tail ?? '').split(':').filter(Boolean);
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0');
  return [...groups, ...zeros, ...rest].slice(0, 4).join(':');
}
