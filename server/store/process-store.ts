import type { ProcessRecord, ProcessRegistry } from '../agent/port.ts';
import type { Database } from './database.ts';

export type ProcessStore = ProcessRegistry & {
  /** What an earlier server noted and did not see the end of. */
  all(): ProcessRecord[];
};

/**
 * The agent processes that run now, on disk, so that the next server can end those that a killed one left.
 */
export function createProcessStore({
  database,
  warn,
}: {
  database: Database;
  warn(error: unknown, text: string): void;
}): ProcessStore {
  const put = database.prepare(
    'INSERT INTO process (mark, pid, pid_start) VALUES (?, ?, ?) ON CONFLICT (mark) DO UPDATE SET ' +
      'pid = excluded.pid, pid_start = excluded.pid_start',
  );
  const remove = database.prepare('DELETE FROM process WHERE mark = ?');
  const all = database.prepare('SELECT mark, pid, pid_start FROM process');
  const attempt = (work: () => unknown) => {
    try {
      database.transact(work);
    } catch (error) {
      // The process can still be found by its tag.
      warn(error, 'a process could not be noted');
    }
  };
  return {
    record: ({ spawnTag: mark, pid, pidStart: pid_start }) => attempt(() => put.run(mark, pid, pid_start)),
    remove: (mark) => attempt(() => remove.run(mark)),
    all: () =>
      (all.all() as { mark: string; pid: number; pid_start: string | null }[]).map(
        ({ mark, pid, pid_start }) => ({
          spawnTag: mark,
          pid,
          pidStart: pid_start,
        }),
      ),
  };
}
