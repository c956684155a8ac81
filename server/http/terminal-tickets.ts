import { randomBytes } from 'node:crypto';
import { hashToken } from '../util/hash-token.ts';

/** A page opens its socket at once. */
const validS = 30;

/** The holder of a ticket, and the terminal that it opens. */
export type Ticket = { sessionId: string; host: string; credentialId: string | null };

/**
 * One-use tickets that open the socket of a terminal. Safari sends no credentials with a socket, and
 * addresses are logged.
 */
export function createTerminalTickets({ now }: { now(): Date }) {
  const open = new Map<string, Ticket & { until: number }>();
  return {
    issue(ticket: Ticket): { ticket: string; expires_in_s: number } {
      const at = now().getTime();
      for (const [hash, { until }] of open) if (until < at) open.delete(hash);
      const text = randomBytes(32).toString('base64url');
      open.set(hashToken(text), { ...ticket, until: at + validS * 1000 });
      return { ticket: text, expires_in_s: validS };
    },
    /** Null for a ticket that is unknown, used or expired. */
    redeem(text: string): Ticket | null {
      const hash = hashToken(text);
      const entry = open.get(hash);
      open.delete(hash);
      return entry && entry.until >= now().getTime() ? entry : null;
    },
    /** Revokes all tickets. */
    clear: (): void => open.clear(),
  };
}

export type TerminalTickets = ReturnType<typeof createTerminalTickets>;
