import { setTimeout as delay } from 'node:timers/promises';
import type { Indexing } from '../../contract/session.ts';
import { listTranscripts, statTranscript, type TranscriptFile } from '../transcript-file/list.ts';
import { isDamaged } from './schema.ts';
import type { IndexedFile, IndexWriter } from './writer.ts';

/** How much of the newest sessions is read before anything is made searchable: they are on the first page. */
const firstFiles = 100;
const firstBytes = 48_000_000;

/** How long until a write that failed is tried again. */
const retryDelayMs = 2000;

/** How much is read between two writes. */
const batchBytes = 16_000_000;

const reportIntervalMs = 200;

/**
 * After each step the thread rests for this part of the time that the step took: turns and requests go first.
 */
const restShare = 0.05;

export type IndexerDeps = {
  home: string;
  writer: IndexWriter;
  /** `isListed` is true when the newest sessions can be listed. */
  report(progress: Indexing, isListed: boolean): void;
  /** The index can no longer be read. */
  onDamage(error: unknown): void;
};

/** Keeps the index up to date with the transcripts: all of them first, then what changes. */
export class Indexer {
  readonly #deps: IndexerDeps;
  readonly #files: Map<string, IndexedFile>;
  /** Paths to check. */
  readonly #changedPaths = new Set<string>();
  /** Files of which a part is not indexed yet. */
  readonly #stale = new Set<IndexedFile>();
  #isCrawlDue = true;
  #isListed = false;
  #isBusy = false;
  #isEnding = false;
  #problem: string | null = null;
  #reportedAt = 0;
  #stepAt = performance.now();
  /** Bytes that were read and are not committed. */
  #uncommitted = 0;

  constructor(deps: IndexerDeps) {
    this.#deps = deps;
    this.#files = new Map(deps.writer.files().map((file) => [file.path, file]));
  }

  /** Looks for everything that is new. */
  crawlFolders(): void {
    this.#isCrawlDue = true;
    // Until the crawl is done the index must not look complete.
    if (!this.#isBusy) this.#reportProgress();
    void this.#indexNext();
  }

  /** Checks a file that has changed according to the system. */
  checkFile(path: string): void {
    this.#changedPaths.add(path);
    void this.#indexNext();
  }

  end(): void {
    this.#isEnding = true;
  }

  #progress(): Indexing {
    let [bytes, bytesDone, filesDone] = [0, 0, 0];
    for (const file of this.#files.values()) {
      bytes += file.size;
      bytesDone += Math.min(file.size, file.text_to);
      if (!this.#stale.has(file)) filesDone += 1;
    }
    return {
      done: !this.#stale.size && !this.#isCrawlDue && this.#problem === null,
      files: this.#files.size,
      files_done: filesDone,
      bytes,
      bytes_done: bytesDone,
      problem: this.#problem,
    };
  }

  #reportProgress(): void {
    this.#reportedAt = performance.now();
    this.#deps.report(this.#progress(), this.#isListed);
  }

  #commitBatch(): void {
    this.#deps.writer.commit();
    this.#uncommitted = 0;
  }

  async #restAfterStep(): Promise<void> {
    if (this.#uncommitted > batchBytes) this.#commitBatch();
    await delay((performance.now() - this.#stepAt) * restShare);
    if (performance.now() - this.#reportedAt > reportIntervalMs) this.#reportProgress();
    this.#stepAt = performance.now();
  }

  #addFiles(transcripts: readonly TranscriptFile[]): void {
    for (const file of this.#deps.writer.addFiles(transcripts)) {
      this.#files.set(file.path, file);
      this.#stale.add(file);
    }
  }

  #updateFile(transcript: TranscriptFile): void {
    const file = this.#files.get(transcript.path);
    if (!file || (file.size === transcript.size && file.modified_ms === transcript.modifiedMs)) return;
    this.#deps.writer.updateSize(file, transcript);
    this.#stale.add(file);
  }

  #dropFile(path: string): void {
    const file = this.#files.get(path);
    if (!file) return;
    this.#deps.writer.removeFile(file);
    this.#files.delete(path);
    this.#stale.delete(file);
  }

  async #crawl(): Promise<void> {
    const transcripts = await listTranscripts(this.#deps.home);
    this.#addFiles(transcripts.filter(({ path }) => !this.#files.has(path)));
    for (const transcript of transcripts) this.#updateFile(transcript);
    const paths = new Set(transcripts.map(({ path }) => path));
    for (const path of this.#files.keys()) if (!paths.has(path)) this.#dropFile(path);
    this.#isCrawlDue = false;
    if (!this.#isListed) await this.#readFirstPage();
    this.#commitBatch();
    this.#isListed = true;
    this.#reportProgress();
  }

  async #checkChangedPaths(): Promise<void> {
    for (const path of [...this.#changedPaths]) {
      const transcript = await statTranscript(path);
      // Only now: a path whose stat fails stays in the set and is tried again.
      this.#changedPaths.delete(path);
      if (!transcript) this.#dropFile(path);
      else if (this.#files.has(path)) this.#updateFile(transcript);
      else this.#addFiles([transcript]);
    }
  }

  /**
   * Searched again each time, since changed files go first; sorting them each time would cost more than
   * reading them.
   */
  #findNewestStale(): IndexedFile | undefined {
    let newest: IndexedFile | undefined;
    for (const file of this.#stale) if (!newest || file.modified_ms > newest.modified_ms) newest = file;
    return newest;
  }

  /** Reads what the first page of a list shows. */
  async #readFirstPage(): Promise<void> {
    let bytes = 0;
    const newestFirst = [...this.#stale].sort((a, b) => b.modified_ms - a.modified_ms);
    for (const file of newestFirst.slice(0, firstFiles)) {
      bytes += file.size - file.facts_to;
      if (bytes > firstBytes || this.#isEnding) return;
      await this.#deps.writer.readFile(file, false, async () => {});
    }
  }

  /** Works until no file is stale. */
  async #indexNext(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await this.#indexAll();
      this.#problem = null;
    } catch (error) {
      if (isDamaged(error)) return this.#deps.onDamage(error);
      this.#retryLater(error as Error);
    } finally {
      this.#isBusy = false;
      this.#reportProgress();
    }
    const isMore = this.#changedPaths.size > 0 || this.#isCrawlDue;
    if (isMore && !this.#isEnding && this.#problem === null) void this.#indexNext();
  }

  async #indexAll(): Promise<void> {
    while (!this.#isEnding) {
      if (this.#isCrawlDue) await this.#crawl();
      await this.#checkChangedPaths();
      const file = this.#findNewestStale();
      if (!file) break;
      const { size } = file;
      this.#stepAt = performance.now();
      this.#uncommitted += size - file.text_to;
      await this.#deps.writer.readFile(file, true, () => this.#restAfterStep());
      await this.#restAfterStep();
      // It can have grown while it was read.
      if (file.size === size) this.#stale.delete(file);
    }
    this.#commitBatch();
  }

  /** A full disk, or another process in the file: it can be over in a moment. */
  #retryLater(error: Error): void {
    for (const file of this.#deps.writer.rollback()) if (this.#files.has(file.path)) this.#stale.add(file);
    this.#problem = `The index cannot be updated: ${error.message}`;
    this.#isListed = true;
    setTimeout(() => void this.#indexNext(), retryDelayMs);
  }
}
