import type { Database } from './database.ts';
import type { LiveStore } from './port.ts';
import { parseStored } from './sqlite-error.ts';

/** The live processes and their background work in SQLite. */
export function createLiveStore({
  database,
  warn,
}: {
  database: Database;
  warn(error: unknown, text: string): void;
}): LiveStore {
  const put = database.prepare(
    'INSERT INTO live (conv_id, tasks) VALUES (?, ?) ON CONFLICT (conv_id) DO UPDATE SET tasks = ' +
      'excluded.tasks',
  );
  const remove = database.prepare('DELETE FROM live WHERE conv_id = ?');
  const all = database.prepare('SELECT conv_id, tasks FROM live');
  return {
    set(convId, tasks) {
      try {
        database.transact(() => (tasks ? put.run(convId, JSON.stringify(tasks)) : remove.run(convId)));
      } catch (error) {
        warn(error, 'a live process could not be noted');
      }
    },
    left: () =>
      (all.all() as { conv_id: string; tasks: string }[]).map(({ conv_id, tasks }) => ({
        conv_id,
        tasks: parseStored(tasks),
      })),
  };
}
