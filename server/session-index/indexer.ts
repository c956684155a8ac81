import { setTimeout as delay } from 'node:timers/promises';
import type { Indexing } from '../../contract/session.ts';
import { listTranscripts, statTranscript, type TranscriptFile } from '../transcript-file/list.ts';
import { isDamaged } from './schema.ts';
import type { createWriter, IndexedFile } from './writer.ts';

/** What is known of so many of the newest sessions is read before anything is made searchable: they are on the first page. */
const firstFiles = 100;
const firstBytes = 48_000_000;

/** What could not be written is tried again after so long. */
const againMs = 2000;

/** So much is read between two writes. */
const batchBytes = 16_000_000;

/** Progress is told so often. */
const tellEveryMs = 200;

/** After each step the thread rests for a part of the time that the step took: turns and requests go before. */
const restShare = 0.05;

export type IndexerDeps = {
  home: string;
  writer: ReturnType<typeof createWriter>;
  /** `isListed` is true when the newest sessions can be listed. */
  report(progress: Indexing, isListed: boolean): void;
  /** The index cannot be read any more. */
  onDamage(error: unknown): void;
};

/** Keeps the index in step with the transcripts: all of them at first, then what changes. */
export function createIndexer({ home, writer, report: tell, onDamage }: IndexerDeps) {
  const known = new Map<string, IndexedFile>(writer.files().map((file) => [file.path, file]));
  /** Paths that are to be looked at, and files that have something new in them. */
  const changed = new Set<string>();
  const behind = new Set<IndexedFile>();
  let wantsCrawl = true;
  let isListed = false;
  let isBusy = false;
  let isEnding = false;
  let problem: string | null = null;
  let toldAt = 0;
  let stepAt = performance.now();

  function progress(): Indexing {
    let [bytes, bytesDone, filesDone] = [0, 0, 0];
    for (const file of known.values()) {
      bytes += file.size;
      bytesDone += Math.min(file.size, file.text_to);
      if (!behind.has(file)) filesDone += 1;
    }
    return {
      done: !behind.size && !wantsCrawl && problem === null,
      files: known.size,
      files_done: filesDone,
      bytes,
      bytes_done: bytesDone,
      problem,
    };
  }

  function reportProgress(): void {
    toldAt = performance.now();
    tell(progress(), isListed);
  }

  /** What was read since the last time that it was put to disk. */
  let unwritten = 0;
  function commitBatch(): void {
    writer.commit();
    unwritten = 0;
  }

  /** After each step: rests, and takes up what has changed meanwhile. */
  async function between(): Promise<void> {
    if (unwritten > batchBytes) commitBatch();
    await delay((performance.now() - stepAt) * restShare);
    if (performance.now() - toldAt > tellEveryMs) reportProgress();
    stepAt = performance.now();
  }

  function handleChange(found: TranscriptFile): void {
    const file = known.get(found.path);
    if (!file || (file.size === found.size && file.modified_ms === found.modifiedMs)) return;
    writer.recordFile(file, found);
    behind.add(file);
  }

  function drop(path: string): void {
    const file = known.get(path);
    if (!file) return;
    writer.remove(file);
    known.delete(path);
    behind.delete(file);
  }

  function addAll(found: readonly TranscriptFile[]): void {
    for (const file of writer.add(found)) {
      known.set(file.path, file);
      behind.add(file);
    }
  }

  async function crawlAll(): Promise<void> {
    const found = await listTranscripts(home);
    const fresh = found.filter(({ path }) => !known.has(path));
    addAll(fresh);
    for (const one of found) handleChange(one);
    const paths = new Set(found.map(({ path }) => path));
    for (const path of known.keys()) if (!paths.has(path)) drop(path);
  }

  async function lookAtChanged(): Promise<void> {
    const paths = [...changed];
    changed.clear();
    for (const path of paths) {
      const found = await statTranscript(path);
      if (!found) drop(path);
      else if (known.has(path)) handleChange(found);
      else addAll([found]);
    }
  }

  /** Looked for anew each time, since what changes goes first; sorting them all each time would cost more than reading them. */
  function findNewestStale(): IndexedFile | undefined {
    let newest: IndexedFile | undefined;
    for (const file of behind) if (!newest || file.modified_ms > newest.modified_ms) newest = file;
    return newest;
  }

  /** What is on the first page of a list. */
  async function readFirst(): Promise<void> {
    let bytes = 0;
    const newestFirst = [...behind].sort((a, b) => b.modified_ms - a.modified_ms);
    for (const file of newestFirst.slice(0, firstFiles)) {
      bytes += file.size - file.facts_to;
      if (bytes > firstBytes || isEnding) return;
      await writer.read(file, false, async () => {});
    }
  }

  /** Works until nothing is behind. */
  async function indexNext(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    try {
      while (!isEnding) {
        if (wantsCrawl) {
          await crawlAll();
          wantsCrawl = false;
          if (!isListed) await readFirst();
          commitBatch();
          isListed = true;
          reportProgress();
        }
        await lookAtChanged();
        const next = findNewestStale();
        if (!next) break;
        const size = next.size;
        stepAt = performance.now();
        unwritten += size - next.text_to;
        await writer.read(next, true, between);
        await between();
        // It can have grown while it was read.
        if (next.size === size) behind.delete(next);
      }
      commitBatch();
      problem = null;
    } catch (error) {
      if (isDamaged(error)) return onDamage(error);
      for (const file of writer.rollback()) if (known.has(file.path)) behind.add(file);
      problem = `The index cannot be written: ${(error as Error).message}`;
      isListed = true;
      // A full disk, or another process in the file: it can be over in a moment.
      setTimeout(() => void indexNext(), againMs);
    } finally {
      isBusy = false;
      reportProgress();
    }
    if ((changed.size || wantsCrawl) && !isEnding && problem === null) void indexNext();
  }

  return {
    /** Looks for all that is new. */
    crawlFolders(): void {
      wantsCrawl = true;
      // Until it is done nobody is to believe that all is known.
      if (!isBusy) reportProgress();
      void indexNext();
    },
    /** A file has changed, as far as the system tells. */
    checkChanges(path: string): void {
      changed.add(path);
      void indexNext();
    },
    end(): void {
      isEnding = true;
    },
  };
}
