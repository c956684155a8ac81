import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { Indexing } from '../../contract/session.ts';
import { startThread } from '../util/thread.ts';
import type { FromIndexer, IndexerStart, SessionIndex, ToIndexer } from './port.ts';
import { findByPrefix, listIndexed } from './queries.ts';
import { type IndexFile, isDamaged, openForReading, removeIndex } from './schema.ts';
import { createSearch } from './search.ts';
import { watchTranscripts } from './watcher.ts';

/** A list of a library that was never read waits so long for its first page. */
const firstPageMs = 1000;

/** It holds little at a time; without these limits it would keep what it once had. */
const resourceLimits = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 4 };

/** A thread that failed is not started again sooner. */
const againMs = 5000;

/** A thread that has nothing to do for so long is ended: it holds 40 MB, and is back within 0.1 s. */
const restMs = 5000;

/** Notices of the system can be lost: who asks after so long has all looked at anew. */
const trustMs = 60_000;

/** What SQLite and the system say of a folder in which nothing can be made. */
const noPlace = /CANTOPEN|READONLY|ENOENT|EACCES|EPERM|EROFS|ENOTDIR|Unable to open/;

const nothingYet: Indexing = { done: false, files: 0, files_done: 0, bytes: 0, bytes_done: 0, problem: null };

export type SessionIndexDeps = {
  /** The CLI's folder. */
  home: string;
  /** Where the index is kept; it can be deleted at any time. */
  path: string;
  /** The built thread, dist/server/session-index.js. */
  worker: string;
  warn(error: unknown, text: string): void;
};

/** A promise with what fulfils it. */
function later(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** The index of all transcripts. Its thread is started when somebody first asks for it. */
export function createSessionIndex({
  home,
  path: given,
  worker: file,
  warn,
}: SessionIndexDeps): SessionIndex {
  let path = given;
  let worker: Worker | null = null;
  let failedAt = Number.NEGATIVE_INFINITY;
  let progress = nothingYet;
  /** Where sub-agents were at work last. */
  let agents: readonly string[] = [];
  let listed = later();
  /** Where there is no thread because nothing changes: what tells that something does. */
  let resting: { watching: ReturnType<typeof watchTranscripts>; since: number } | null = null;
  let restTimer: NodeJS.Timeout | undefined;
  let reading: { index: IndexFile; search: ReturnType<typeof createSearch> } | null = null;

  /** The data folder has no place for it: until the end of this run it is kept elsewhere. */
  function moveDamagedAway(error: unknown): boolean {
    if (path !== given || !noPlace.test(`${(error as { code?: string })?.code} ${(error as Error)?.message}`))
      return false;
    path = join(tmpdir(), `switchboard-index-${randomUUID()}.db`);
    warn(error, `the index of the sessions is kept in ${path} until the end of this run`);
    return true;
  }

  /** The index was found damaged by a reader: it is built anew. */
  function rebuildIndex(error: unknown): void {
    warn(error, 'the index of the sessions is damaged, and is built anew');
    const ended = worker;
    worker = null;
    reading = null;
    resting?.watching.dispose();
    resting = null;
    progress = nothingYet;
    void ended?.terminate();
    removeIndex(path);
    start();
  }

  /** What the index says; nothing while it is built anew. */
  function read<T>(work: (found: NonNullable<typeof reading>) => T, nothing: T): T {
    try {
      const found = open();
      return found ? work(found) : nothing;
    } catch (error) {
      if (!isDamaged(error)) throw error;
      rebuildIndex(error);
      return nothing;
    }
  }

  function fail(error: unknown): void {
    worker = null;
    if (moveDamagedAway(error)) {
      const waiting = listed;
      start();
      void listed.promise.then(waiting.resolve);
      return;
    }
    warn(error, 'the index of the sessions is not kept');
    progress = {
      ...progress,
      done: false,
      problem: `The index is not kept: ${(error as Error)?.message ?? error}`,
    };
    worker = null;
    failedAt = performance.now();
    listed.resolve();
  }

  function start(): void {
    if (worker || performance.now() - failedAt < againMs) return;
    // Deleted: what was opened of it is not what is written from now on. A search that runs may still use it.
    if (!existsSync(path)) reading = null;
    listed = later();
    const options = {
      workerData: { home, path, agents } satisfies IndexerStart,
      name: 'session-index',
      resourceLimits,
    };
    worker = startThread(file, options, {
      message(message, from) {
        if (worker === from) handleProgress(message as FromIndexer);
      },
      failed(error, from) {
        if (worker === from) fail(error);
      },
    });
    // It alone keeps no server alive.
    worker?.unref();
  }

  let isWatchTold = false;
  function warnWatchFailed(error: unknown): void {
    if (!isWatchTold)
      warn(error, 'the system does not tell of changed transcripts: they are looked for each minute');
    isWatchTold = true;
  }

  function handleProgress(message: FromIndexer): void {
    if (message.type === 'fault') {
      warnWatchFailed(message.text);
      return;
    }
    progress = message.progress;
    agents = message.agents;
    if (message.isListed) listed.resolve();
    clearTimeout(restTimer);
    if (progress.done) restTimer = setTimeout(suspend, restMs).unref();
  }

  function suspend(): void {
    const idle = worker;
    if (!idle) return;
    // First, so that what changes while the thread ends wakes the next one, which looks at all of them.
    resting = {
      watching: watchTranscripts(home, { changed: resume, lost: resume, fault: warnWatchFailed }, agents),
      since: performance.now(),
    };
    worker = null;
    idle.postMessage({ type: 'end' } satisfies ToIndexer);
  }

  function resume(): void {
    agents = resting?.watching.agentFolders() ?? agents;
    resting?.watching.dispose();
    resting = null;
    start();
  }

  function open() {
    if (!reading && existsSync(path)) {
      const index = openForReading(path);
      if (index) reading = { index, search: createSearch(index) };
    }
    return reading;
  }

  return {
    async ready() {
      const isCurrent = resting?.watching.isComplete() && performance.now() - resting.since < trustMs;
      if (isCurrent && existsSync(path)) return;
      resume();
      worker?.postMessage({ type: 'look' } satisfies ToIndexer);
      await Promise.race([listed.promise, delay(firstPageMs, undefined, { ref: false })]);
    },
    indexing: () => progress,
    list: (filter, limit, after) =>
      read(({ index }) => listIndexed(index, filter, limit, after), { rows: [], next: null }),
    findByPrefix: (prefix, limit) => read(({ index }) => findByPrefix(index, prefix, limit), []),
    async search(query) {
      const nothing = { hits: [], order: 'best' as const };
      try {
        return (await open()?.search(query)) ?? nothing;
      } catch (error) {
        if (!isDamaged(error)) throw error;
        rebuildIndex(error);
        return nothing;
      }
    },
    async dispose() {
      const ended = worker;
      worker = null;
      clearTimeout(restTimer);
      resting?.watching.dispose();
      resting = null;
      if (ended) {
        const gone = new Promise<void>((resolve) => ended.once('exit', () => resolve()));
        ended.postMessage({ type: 'end' } satisfies ToIndexer);
        await Promise.race([gone, delay(1000)]);
        await ended.terminate();
      }
      reading?.index.close();
      reading = null;
      if (path !== given) removeIndex(path);
    },
  };
}
