import type Libsql from 'libsql';

/** A statement. Throws DatabaseClosedError after `dispose`; libsql would end the process. */
export type Statement = Pick<Libsql.Statement, 'run' | 'get' | 'all'>;

/**
 * The one SQLite file, held by this process alone until `dispose`. All throw AppError `storage_unavailable`
 * for its faults.
 */
export type Database = {
  prepare(sql: string): Statement;
  /** Runs `work` in a transaction. */
  transact<T>(work: () => T): T;
  /** Like `transact`; what was written survives a power loss. */
  durably<T>(work: () => T): T;
  /** Throws if nothing can be stored now: the disk refuses, or the file is gone. */
  requireUsable(): void;
  /** Why nothing can be stored now, as a message; or null. */
  trouble(): string | null;
  /**
   * Why the journal cannot be used in this run; null if it can. Until `seal`, reads then find nothing, so
   * that the server can start; afterwards they fail. Writes always fail.
   */
  standIn: string | null;
  seal(): void;
  /** Replaces the journal, which was found damaged, and keeps its lock. */
  toStandIn(reason: string): Database;
  /** When the journal was created; 0 if unknown. */
  createdMs: number;
  dispose(): void;
};
