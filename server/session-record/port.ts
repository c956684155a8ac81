import type { ArchiveRecord } from '../../contract/archive.ts';

/** A record as it is kept. `pid` and `pidStart` name the process of a terminal while it lives; what is read off its log is not kept. */
export type SessionRecord = Omit<ArchiveRecord, 'advice' | 'log_bytes'> & {
  pid: number;
  pidStart: string | null;
  /** Of the token by which its hooks come in. */
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

/** The records on disk. Writes throw AppError `storage_unavailable` where the disk refuses. */
export interface SessionRecordStore {
  add(record: SessionRecord): void;
  save(record: SessionRecord): void;
  /** The newest one of a session. */
  listBySession(sessionId: string): SessionRecord | null;
  get(id: string): SessionRecord | null;
  /** Those without an end. */
  listOpen(): SessionRecord[];
  /** The newest first, one at a time. */
  listNewest(before: string | undefined): Iterable<SessionRecord>;
}
