import { createHash, randomBytes } from 'node:crypto';

/** A page opens its socket at once. */
const validS = 30;

/** Who a ticket was given to, and which terminal it opens. */
export type Ticket = { sessionId: string; host: string; credentialId: string | null };

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** Tickets for terminals: one opens one socket, once. Safari sends no credentials with a socket, and an address is logged. */
export function createTerminalTickets({ now }: { now(): Date }) {
  const open = new Map<string, Ticket & { until: number }>();
  return {
    give(ticket: Ticket): { ticket: string; expires_in_s: number } {
      const at = now().getTime();
      for (const [hash, { until }] of open) if (until < at) open.delete(hash);
      const text = randomBytes(32).toString('base64url');
      open.set(hashOf(text), { ...ticket, until: at + validS * 1000 });
      return { ticket: text, expires_in_s: validS };
    },
    /** Null for one that is not known, was used, or has run out. */
    take(text: string): Ticket | null {
      const hash = hashOf(text);
      const found = open.get(hash);
      open.delete(hash);
      return found && found.until >= now().getTime() ? found : null;
    },
    /** Takes all back. */
    clear: (): void => open.clear(),
  };
}

export type TerminalTickets = ReturnType<typeof createTerminalTickets>;
