import type { Indexing, SearchRole } from '../../contract/session.ts';
import type { SessionMetadata } from '../transcript/metadata.ts';

/**
 * The start data of the indexing thread. `agents` are the folders of the sub-agents that were active last.
 */
export type IndexerStart = { home: string; path: string; agents: readonly string[] };
export type ToIndexer = { type: 'look' } | { type: 'end' };
export type FromIndexer =
  | { type: 'fault'; text: string }
  | { type: 'progress'; progress: Indexing; isListed: boolean; agents: readonly string[] };

/** A transcript as stored in the index. */
export type IndexedSession = {
  id: string;
  path: string;
  size: number;
  modifiedAt: string;
  facts: SessionMetadata;
  kind: string | null;
  /** The older session whose first entry this one shares, if there is one. */
  forkOf: string | null;
  problem: string | null;
};

export type SessionIndexFilter = {
  project?: string | undefined;
  kind?: string | undefined;
  q?: string | undefined;
  withForks: boolean;
  /** Only these sessions, or all except these. */
  only?: readonly string[];
  without?: readonly string[];
};

export type SearchMatch = {
  sessionId: string;
  project: string | null;
  title: string | null;
  messageId: string | null;
  role: SearchRole;
  at: string | null;
  excerpt: string;
  marks: [number, number][];
  /** The sub-agent that said it; null for the session itself. */
  agentId: string | null;
  before: string | null;
};

export type SearchQuery = {
  q: string;
  project?: string | undefined;
  roles: readonly SearchRole[];
  since?: string | undefined;
  until?: string | undefined;
  limit: number;
};

/**
 * All transcripts of this machine, listed and searched by an index. The index can be deleted; it is then
 * built again.
 */
export interface SessionIndex {
  /** Resolves when the newest sessions can be listed, or after a second. */
  ready(): Promise<void>;
  indexing(): Indexing;
  /** Newest first. `after` is the last row of the previous page. */
  list(
    filter: SessionIndexFilter,
    limit: number,
    after?: { modifiedMs: number; row: number },
  ): { rows: IndexedSession[]; next: { modifiedMs: number; row: number } | null };
  /** The sessions with an id prefix, newest first. */
  findByPrefix(prefix: string, limit: number): IndexedSession[];
  /** Throws AppError `invalid_request` for a search without a word. */
  search(query: SearchQuery): Promise<{ hits: SearchMatch[]; order: 'best' | 'newest' }>;
  dispose(): Promise<void>;
}
