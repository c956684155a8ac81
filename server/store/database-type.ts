import type Libsql from 'libsql';

/** A statement. Each throws DatabaseClosedError after `dispose`, where libsql would end the process. */
export type Statement = Pick<Libsql.Statement, 'run' | 'get' | 'all'>;

/** The one SQLite file, held by this process alone until `dispose`. All throw AppError `storage_unavailable` for its faults. */
export type Database = {
  prepare(sql: string): Statement;
  /** Runs `work` in a transaction. */
  transact<T>(work: () => T): T;
  /** As `transact`, and what was written survives a loss of power. */
  durably<T>(work: () => T): T;
  /** Throws if nothing can be kept now: the disk refuses, or the file is no longer there. */
  requireUsable(): void;
  /** Why nothing can be kept now, in words, or null. */
  trouble(): string | null;
  /**
   * Why the journal cannot be used in this run; null if it can. Reads then find nothing until `seal`, so that the server
   * starts, and fail from then on; writes fail.
   */
  standIn: string | null;
  seal(): void;
  /** The same lock without the journal, which was found damaged. */
  toStandIn(reason: string): Database;
  /** When the journal was made; 0 if that is not known. */
  createdMs: number;
  dispose(): void;
};
