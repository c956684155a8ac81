import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { Indexing } from '../../contract/session.ts';
import { startThread } from '../thread.ts';
import { listKnown, withPrefix } from './known.ts';
import type { FromIndexer, IndexerStart, Library, ToIndexer } from './port.ts';
import { type IndexFile, openForReading } from './schema.ts';
import { createSearch } from './search.ts';
import { watchTranscripts } from './watch.ts';

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

const nothingYet: Indexing = { done: false, files: 0, files_done: 0, bytes: 0, bytes_done: 0, problem: null };

export type LibraryDeps = {
  /** The CLI's folder. */
  home: string;
  /** Where the index is kept; it can be deleted at any time. */
  path: string;
  /** The built thread, dist/server/library.js. */
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
export function createLibrary({ home, path, worker: file, warn }: LibraryDeps): Library {
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

  function fail(error: unknown): void {
    warn(error, 'the index of the sessions is not kept');
    progress = { ...progress, done: false, problem: `The index is not kept: ${(error as Error)?.message ?? error}` };
    worker = null;
    failedAt = performance.now();
    listed.resolve();
  }

  function start(): void {
    if (worker || performance.now() - failedAt < againMs) return;
    // Deleted: what was opened of it is not what is written from now on. A search that runs may still use it.
    if (!existsSync(path)) reading = null;
    listed = later();
    const options = { workerData: { home, path, agents } satisfies IndexerStart, name: 'library', resourceLimits };
    worker = startThread(file, options, {
      message(message, from) {
        if (worker === from) takeProgress(message as FromIndexer);
      },
      failed(error, from) {
        if (worker === from) fail(error);
      },
    });
    // It alone keeps no server alive.
    worker?.unref();
  }

  function takeProgress(message: FromIndexer): void {
    progress = message.progress;
    agents = message.agents;
    if (message.isListed) listed.resolve();
    clearTimeout(restTimer);
    if (progress.done) restTimer = setTimeout(rest, restMs).unref();
  }

  function rest(): void {
    const idle = worker;
    if (!idle) return;
    // First, so that what changes while the thread ends wakes the next one, which looks at all of them.
    resting = { watching: watchTranscripts(home, { changed: wake, lost: wake }, agents), since: performance.now() };
    worker = null;
    idle.postMessage({ type: 'end' } satisfies ToIndexer);
  }

  function wake(): void {
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
      wake();
      worker?.postMessage({ type: 'look' } satisfies ToIndexer);
      await Promise.race([listed.promise, delay(firstPageMs, undefined, { ref: false })]);
    },
    indexing: () => progress,
    list(filter, limit, after) {
      const found = open();
      return found ? listKnown(found.index, filter, limit, after) : { rows: [], next: null };
    },
    withPrefix(prefix, limit) {
      const found = open();
      return found ? withPrefix(found.index, prefix, limit) : [];
    },
    async search(query) {
      return (await open()?.search(query)) ?? { hits: [], order: 'best' };
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
    },
  };
}
