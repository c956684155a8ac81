import type { ArchiveRecord } from '../../contract/archive.ts';

/**
 * A record as stored. `pid` and `pidStart` name the process of a terminal while it lives; what its log says
 * is not stored.
 */
export type SessionRecord = Omit<ArchiveRecord, 'advice' | 'log_bytes'> & {
  pid: number;
  pidStart: string | null;
  /** The hash of the token that its hooks send. */
  hook_hash: string | null;
};

export type SessionRecordFilter = {
  q?: string | undefined;
  session_id?: string | undefined;
  door?: SessionRecord['door'] | undefined;
  hidden?: boolean | undefined;
  ended?: boolean | undefined;
  limit: number;
  before?: string | undefined;
};

/** The records on disk. Writes throw AppError `storage_unavailable` if the disk refuses. */
export interface SessionRecordStore {
  add(record: SessionRecord): void;
  save(record: SessionRecord): void;
  /** The newest record of a session. */
  listBySession(sessionId: string): SessionRecord | null;
  get(id: string): SessionRecord | null;
  /** The records without an end. */
  listOpen(): SessionRecord[];
  /** All records before `before`, the newest first. */
  listNewest(before: string | undefined): Iterable<SessionRecord>;
}
