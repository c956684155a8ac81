import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '../app-error.ts';

/** How long a link to sign another device in can be used. */
export const pairingMs = 5 * 60_000;

const maxOpen = 20;

const hash = (code: string) => createHash('sha256').update(code).digest('hex');

/** One-use codes that sign a device in. They are kept in memory alone: a restart takes them back. */
export function createPairings({ now }: { now(): Date }) {
  const open = new Map<string, number>();
  return {
    create(): { code: string; expires_at: string } {
      const code = randomBytes(24).toString('base64url');
      const expires = now().getTime() + pairingMs;
      open.set(hash(code), expires);
      while (open.size > maxOpen) open.delete(open.keys().next().value as string);
      return { code, expires_at: new Date(expires).toISOString() };
    },
    /** Uses a code up. Throws AppError `pairing_not_found`. */
    use(code: string): void {
      const key = hash(code);
      const expires = open.get(key);
      open.delete(key);
      if (expires === undefined || expires < now().getTime()) throw new AppError('pairing_not_found');
    },
    /** Takes all back. */
    clear: (): void => open.clear(),
  };
}

export type Pairings = ReturnType<typeof createPairings>;
