import type { Lease, SessionLeases } from '../session/lease.ts';
import type { SessionRecord } from '../session-record/port.ts';

/** The leases of terminals, by the ids of their records. */
export class TerminalLeases {
  readonly #leases = new Map<string, Lease>();

  /** `open`: terminals that outlived an earlier server. */
  constructor(open: readonly SessionRecord[], leases: SessionLeases) {
    // Two records of one session are of a terminal and its successor; one is soon seen to have ended.
    for (const { id, session_id } of open) this.#leases.set(id, leases.adopt(session_id, 'terminal'));
  }

  add(recordId: string, lease: Lease): void {
    this.#leases.set(recordId, lease);
  }

  rename(recordId: string, to: string): void {
    this.#leases.get(recordId)?.rename(to);
  }

  release(recordId: string): void {
    this.#leases.get(recordId)?.release();
    this.#leases.delete(recordId);
  }
}
