import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isTranscript } from './crawl.ts';

/** What happens to a file within this time is one change. */
const settleMs = 100;

/**
 * Tells of transcripts that change, by the system's own notices: one watch for each project's folder, not one for
 * each file. What is missed (a full table of watches, a network disk) is found by the next crawl.
 */
export function watchTranscripts(home: string, on: { changed(path: string): void; lost(): void }) {
  const root = join(home, 'projects');
  const watchers = new Map<string, FSWatcher>();
  const pending = new Map<string, NodeJS.Timeout>();
  let isDisposed = false;

  function add(folder: string, notice: (name: string) => void): void {
    if (watchers.has(folder) || isDisposed) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_kind, name) => {
        if (name) notice(String(name));
      });
      const forget = () => {
        watcher.close();
        watchers.delete(folder);
        on.lost();
      };
      watcher.on('error', forget);
      watchers.set(folder, watcher);
    } catch {
      // It is not there (any more), or there are as many watches as the system allows: crawls find what it has.
    }
  }

  function later(path: string): void {
    if (pending.has(path)) return;
    const timer = setTimeout(() => {
      pending.delete(path);
      on.changed(path);
    }, settleMs);
    timer.unref();
    pending.set(path, timer);
  }

  async function addFolders(): Promise<void> {
    for (const entry of await readdir(root, { withFileTypes: true }).catch(() => [])) {
      if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
      const folder = join(root, entry.name);
      add(folder, (name) => {
        if (isTranscript(name)) later(join(folder, name));
      });
    }
  }

  /** Watches what has come to be since: a machine on which nobody has used the CLI yet has no folder at all. */
  function ensure(): void {
    add(root, () => {
      // A new folder holds its first transcript already when it is seen.
      on.lost();
      void addFolders();
    });
    void addFolders();
  }

  ensure();
  return {
    ensure,
    isComplete: () => watchers.has(root),
    dispose() {
      isDisposed = true;
      for (const watcher of watchers.values()) watcher.close();
      for (const timer of pending.values()) clearTimeout(timer);
    },
  };
}
