import { existsSync } from 'node:fs';
import type { Indexing } from '../../contract/session.ts';
import { IndexerThread, type IndexerThreadDeps } from './indexer-thread.ts';
import type { SearchQuery, SessionIndex, SessionIndexFilter } from './port.ts';
import { findByPrefix, listIndexed } from './queries.ts';
import { type IndexFile, isDamaged, openForReading } from './schema.ts';
import { createSearch } from './search.ts';

export type SessionIndexDeps = Omit<IndexerThreadDeps, 'onNewFile'>;

type OpenIndex = { file: IndexFile; search: ReturnType<typeof createSearch> };

export const createSessionIndex = (deps: SessionIndexDeps): SessionIndex => new ThreadedIndex(deps);

/** The index of all transcripts: a thread builds it from the first request on, and this side reads it. */
class ThreadedIndex implements SessionIndex {
  readonly #warn: SessionIndexDeps['warn'];
  readonly #thread: IndexerThread;
  #open: OpenIndex | null = null;

  constructor(deps: SessionIndexDeps) {
    this.#warn = deps.warn;
    this.#thread = new IndexerThread({
      ...deps,
      onNewFile: () => {
        this.#open = null;
      },
    });
  }

  ready(): Promise<void> {
    return this.#thread.checkTranscripts();
  }

  indexing(): Indexing {
    return this.#thread.progress;
  }

  list(filter: SessionIndexFilter, limit: number, after?: { modifiedMs: number; row: number }) {
    return this.#read(({ file }) => listIndexed(file, filter, limit, after), { rows: [], next: null });
  }

  findByPrefix(prefix: string, limit: number) {
    return this.#read(({ file }) => findByPrefix(file, prefix, limit), []);
  }

  async search(query: SearchQuery) {
    const nothing = { hits: [], order: 'best' as const };
    try {
      return (await this.#openIndex()?.search(query)) ?? nothing;
    } catch (error) {
      this.#rebuildIfDamaged(error);
      return nothing;
    }
  }

  async dispose(): Promise<void> {
    await this.#thread.dispose();
    this.#open?.file.close();
    this.#open = null;
    this.#thread.removeTemporary();
  }

  /** What the index says; `fallback` while it is built. */
  #read<T>(work: (index: OpenIndex) => T, fallback: T): T {
    try {
      const index = this.#openIndex();
      return index ? work(index) : fallback;
    } catch (error) {
      this.#rebuildIfDamaged(error);
      return fallback;
    }
  }

  #openIndex(): OpenIndex | null {
    if (!this.#open && existsSync(this.#thread.path)) {
      const file = openForReading(this.#thread.path);
      if (file) this.#open = { file, search: createSearch(file) };
    }
    return this.#open;
  }

  /** Throws an error that is not damage. */
  #rebuildIfDamaged(error: unknown): void {
    if (!isDamaged(error)) throw error;
    this.#warn(error, 'the session index is damaged and is built again');
    this.#open = null;
    this.#thread.rebuildIndex();
  }
}
