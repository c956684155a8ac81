import { statSync } from 'node:fs';

type Watched = { path: string; dev: number; ino: number; size: number; changedMs: number };

export type Presence = ReturnType<typeof createPresence>;

/**
 * Watches the files that SQLite has open: what is written into a file that was removed or replaced is lost,
 * although every write succeeds. A look costs one `stat` for each.
 */
export function createPresence(paths: { journal: string; log: string }) {
  const statFile = (path: string): Watched | null => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found
      ? { path, dev: found.dev, ino: found.ino, size: found.size, changedMs: found.mtimeMs }
      : null;
  };
  const [journal, log] = [statFile(paths.journal), statFile(paths.log)];

  function faultOf(known: Watched, now: Watched | null): string | null {
    if (!now) return `${known.path} was removed while the server runs`;
    if (now.ino !== known.ino || now.dev !== known.dev)
      return `${known.path} was replaced while the server runs`;
    return now.size < known.size ? `${known.path} was cut while the server runs` : null;
  }

  return {
    /**
     * What happened to the files, as a message; null if they are the ones that are open. `isTouched`: another
     * program has written into one; `isLogTouched`: into the log, whose size can stay the same.
     */
    look(): { fault: string | null; isTouched: boolean; isLogTouched: boolean; logSize: number } {
      const found = [statFile(paths.journal), statFile(paths.log)] as const;
      const fault = (journal && faultOf(journal, found[0])) ?? (log && faultOf(log, found[1]));
      // The journal changes with a checkpoint alone, the log with each change: both are ours to make, and
      // noted here.
      const isLogTouched = !fault && log !== null && found[1]?.changedMs !== log.changedMs;
      const isTouched =
        isLogTouched || (!fault && journal !== null && found[0]?.changedMs !== journal.changedMs);
      return { fault, isTouched, isLogTouched, logSize: found[1]?.size ?? 0 };
    },
    /** Accepts the log as it is now, after a change of ours. */
    acceptLog(): void {
      if (log) Object.assign(log, statFile(paths.log));
    },
    /** Whether a path is the log that is open. */
    isOwnLog(path: string): boolean {
      const found = statFile(path);
      return found !== null && found.ino === log?.ino && found.dev === log.dev;
    },
    /** Accepts the files as they are now, after a checkpoint. */
    accept(): void {
      if (journal) Object.assign(journal, statFile(paths.journal));
      if (log) Object.assign(log, statFile(paths.log));
    },
  };
}
