import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { Indexing } from '../../contract/session.ts';
import { createDeferred } from '../util/deferred.ts';
import { startThread } from '../util/thread.ts';
import { settlesWithin } from '../util/timeout.ts';
import type { FromIndexer, IndexerStart, ToIndexer } from './port.ts';
import { removeIndex } from './schema.ts';
import { type TranscriptWatcher, watchTranscripts } from './watcher.ts';

/** How long the first list waits for the first page of an index that was never built. */
const firstPageMs = 1000;

/** The thread holds little at a time; without these limits it would keep the memory that it once used. */
const resourceLimits = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 4 };

/** How long until a thread that failed is started again. */
const retryDelayMs = 5000;

/** An idle thread is ended after this time: it holds 40 MB, and is back within 0.1 s. */
const idleMs = 5000;

/** File notifications can be lost: after this time without a crawl, a reader has all transcripts checked. */
const maxUncheckedMs = 60_000;

/** How long the thread may take to end when the server stops. */
const endTimeoutMs = 1000;

/** What SQLite and the system report for a folder in which no file can be created. */
const unwritable = /CANTOPEN|READONLY|ENOENT|EACCES|EPERM|EROFS|ENOTDIR|Unable to open/;

const noProgress: Indexing = { done: false, files: 0, files_done: 0, bytes: 0, bytes_done: 0, problem: null };

export type IndexerThreadDeps = {
  /** The CLI's folder. */
  home: string;
  /** Where the index is stored. */
  path: string;
  /** The built thread, dist/server/session-index.js. */
  worker: string;
  warn(error: unknown, text: string): void;
  /** The thread is about to make a new file: an open one is out of date. */
  onNewFile(): void;
};

/** Runs the thread that builds the index: starts it when it is needed, and ends it while nothing changes. */
export class IndexerThread {
  readonly #deps: IndexerThreadDeps;
  #path: string;
  #worker: Worker | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;
  #progress = noProgress;
  /** The folders of the sub-agents that were active last. */
  #agents: readonly string[] = [];
  /** Resolved when the newest sessions can be listed. */
  #listed = createDeferred();
  /** Set while the thread is ended because nothing changes: what reports the next change. */
  #suspended: { watcher: TranscriptWatcher; since: number } | null = null;
  #idleTimer: NodeJS.Timeout | undefined;
  #hasWarned = false;

  constructor(deps: IndexerThreadDeps) {
    this.#deps = deps;
    this.#path = deps.path;
  }

  get path(): string {
    return this.#path;
  }

  get progress(): Indexing {
    return this.#progress;
  }

  /** Has new transcripts checked. Resolves when the newest sessions can be listed, or after a second. */
  async checkTranscripts(): Promise<void> {
    const suspended = this.#suspended;
    const isCurrent = suspended?.watcher.isComplete() && performance.now() - suspended.since < maxUncheckedMs;
    if (isCurrent && existsSync(this.#path)) return;
    this.#resume();
    this.#worker?.postMessage({ type: 'look' } satisfies ToIndexer);
    await settlesWithin(this.#listed.promise, firstPageMs);
  }

  /** Deletes the index and builds it again. */
  rebuildIndex(): void {
    const worker = this.#worker;
    this.#worker = null;
    this.#stopWatching();
    this.#progress = noProgress;
    void worker?.terminate();
    removeIndex(this.#path);
    this.#start();
  }

  async dispose(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    clearTimeout(this.#idleTimer);
    this.#stopWatching();
    if (!worker) return;
    const exit = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage({ type: 'end' } satisfies ToIndexer);
    await settlesWithin(exit, endTimeoutMs);
    await worker.terminate();
  }

  /** Deletes the index if it is only for this run. */
  removeTemporary(): void {
    if (this.#path !== this.#deps.path) removeIndex(this.#path);
  }

  #start(): void {
    if (this.#worker || performance.now() - this.#failedAt < retryDelayMs) return;
    // A search that runs may still use the file that was deleted.
    if (!existsSync(this.#path)) this.#deps.onNewFile();
    this.#listed = createDeferred();
    const workerData = {
      home: this.#deps.home,
      path: this.#path,
      agents: this.#agents,
    } satisfies IndexerStart;
    const options = { workerData, name: 'session-index', resourceLimits };
    this.#worker = startThread(this.#deps.worker, options, {
      message: (message, from) => {
        if (this.#worker === from) this.#onMessage(message as FromIndexer);
      },
      failed: (error, from) => {
        if (this.#worker === from) this.#onFailure(error);
      },
    });
    // The thread alone does not keep the server alive.
    this.#worker?.unref();
  }

  #onMessage(message: FromIndexer): void {
    if (message.type === 'fault') {
      this.#warnOfWatch(message.text);
      return;
    }
    this.#progress = message.progress;
    this.#agents = message.agents;
    if (message.isListed) this.#listed.resolve();
    clearTimeout(this.#idleTimer);
    if (message.progress.done) this.#idleTimer = setTimeout(() => this.#suspend(), idleMs).unref();
  }

  #onFailure(error: unknown): void {
    this.#worker = null;
    if (this.#moveToTemporary(error)) {
      const waiting = this.#listed;
      this.#start();
      void this.#listed.promise.then(waiting.resolve);
      return;
    }
    this.#deps.warn(error, 'the session index cannot be stored');
    const problem = `The index cannot be stored: ${(error as Error)?.message ?? error}`;
    this.#progress = { ...this.#progress, done: false, problem };
    this.#failedAt = performance.now();
    this.#listed.resolve();
  }

  /** If the data folder cannot hold the index, it is stored elsewhere until the end of this run. */
  #moveToTemporary(error: unknown): boolean {
    const { code, message } = (error ?? {}) as { code?: string; message?: string };
    if (this.#path !== this.#deps.path || !unwritable.test(`${code} ${message}`)) return false;
    this.#path = join(tmpdir(), `switchboard-index-${randomUUID()}.db`);
    this.#deps.warn(error, `the session index is stored in ${this.#path} until the end of this run`);
    return true;
  }

  #suspend(): void {
    const worker = this.#worker;
    if (!worker) return;
    // Watches before the thread ends: a change in between wakes the next thread, which checks all
    // transcripts.
    const onChange = () => this.#resume();
    const on = { changed: onChange, lost: onChange, fault: (error: unknown) => this.#warnOfWatch(error) };
    this.#suspended = {
      watcher: watchTranscripts(this.#deps.home, on, this.#agents),
      since: performance.now(),
    };
    this.#worker = null;
    worker.postMessage({ type: 'end' } satisfies ToIndexer);
  }

  #resume(): void {
    this.#agents = this.#suspended?.watcher.agentFolders() ?? this.#agents;
    this.#stopWatching();
    this.#start();
  }

  #stopWatching(): void {
    this.#suspended?.watcher.dispose();
    this.#suspended = null;
  }

  #warnOfWatch(error: unknown): void {
    if (!this.#hasWarned)
      this.#deps.warn(error, 'the system does not report changed transcripts: they are checked each minute');
    this.#hasWarned = true;
  }
}
