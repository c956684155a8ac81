import type { ArchiveRecord } from '../../contract/archive.ts';

/** A record as it is kept. `pid` and `pidStart` name the process of a terminal while it lives; what is read off its log is not kept. */
export type StoredRecord = Omit<ArchiveRecord, 'advice' | 'log_bytes'> & {
  pid: number;
  pidStart: string | null;
  /** Of the token by which its hooks come in. */
  hook_hash: string | null;
};

export type ArchiveFilter = {
  q?: string | undefined;
  session_id?: string | undefined;
  door?: StoredRecord['door'] | undefined;
  hidden?: boolean | undefined;
  ended?: boolean | undefined;
  limit: number;
  before?: string | undefined;
};

/** The records on disk. Writes throw AppError `storage_unavailable` where the disk refuses. */
export interface ArchiveStore {
  add(record: StoredRecord): void;
  save(record: StoredRecord): void;
  /** The newest one of a session. */
  ofSession(sessionId: string): StoredRecord | null;
  get(id: string): StoredRecord | null;
  /** Those without an end. */
  open(): StoredRecord[];
  /** The newest first, one at a time. */
  newest(before: string | undefined): Iterable<StoredRecord>;
}
