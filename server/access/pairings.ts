import { randomBytes } from 'node:crypto';
import { AppError } from '../app-error.ts';
import { hashToken } from '../util/hash-token.ts';

/** How long a link that signs in another device is valid. */
export const pairingMs = 5 * 60_000;

const maxOpen = 20;

/** One-use codes that sign a device in. They are only in memory: a restart revokes them. */
export function createPairings({ now }: { now(): Date }) {
  const open = new Map<string, number>();
  return {
    create(): { code: string; expires_at: string } {
      const code = randomBytes(24).toString('base64url');
      const expires = now().getTime() + pairingMs;
      open.set(hashToken(code), expires);
      while (open.size > maxOpen) open.delete(open.keys().next().value as string);
      return { code, expires_at: new Date(expires).toISOString() };
    },
    /** Throws AppError `pairing_not_found`. */
    redeem(code: string): void {
      const key = hashToken(code);
      const expires = open.get(key);
      open.delete(key);
      if (expires === undefined || expires < now().getTime()) throw new AppError('pairing_not_found');
    },
    /** Revokes all codes. */
    clear: (): void => open.clear(),
  };
}

export type Pairings = ReturnType<typeof createPairings>;
