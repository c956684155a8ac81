import type { SessionLeases } from '../session/lease.ts';
import type { MappingStore } from '../store/port.ts';

/** Announces conversations whose session is opened in a terminal, or no longer open there. */
export function announceTerminalChanges(deps: {
  leases: SessionLeases;
  mapping: MappingStore;
  announce(convId: string): void;
}): void {
  const { leases, mapping } = deps;
  const inTerminal = new Set<string>();
  for (const [, { session_id }] of mapping.all())
    if (session_id && leases.isForTerminal(session_id)) inTerminal.add(session_id);
  leases.onChange((sessionId) => {
    const isInTerminal = leases.isForTerminal(sessionId);
    if (isInTerminal === inTerminal.has(sessionId)) return;
    if (isInTerminal) inTerminal.add(sessionId);
    else inTerminal.delete(sessionId);
    for (const [id, { session_id }] of mapping.all()) if (session_id === sessionId) deps.announce(id);
  });
}
