import type { UndoRecord, UndoStore } from '../undo/port.ts';
import type { Database } from './database.ts';

/** Which turns can be undone, in the database. */
export function createUndoStore({ database }: { database: Database }): UndoStore {
  const columns = 'turn_id, top, before_tree AS "before", after_tree AS "after", at';
  const insert = database.prepare(
    'INSERT OR REPLACE INTO undo (turn_id, top, before_tree, after_tree, at) VALUES (?, ?, ?, ?, ?)',
  );
  const noteAfter = database.prepare('UPDATE undo SET after_tree = ? WHERE turn_id = ?');
  const byTurn = database.prepare(`SELECT ${columns} FROM undo WHERE turn_id = ?`);
  const older = database.prepare(
    `SELECT ${columns} FROM undo WHERE top = ? ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?`,
  );
  const remove = database.prepare('DELETE FROM undo WHERE turn_id = ?');
  return {
    add: ({ turn_id, top, before, after, at }) =>
      database.transact(() => void insert.run(turn_id, top, before, after, at)),
    setAfter: (turnId, after) => database.transact(() => void noteAfter.run(after, turnId)),
    get: (turnId) => (byTurn.get(turnId) as UndoRecord | undefined) ?? null,
    beyond: (top, keep) => (older.all(top, keep) as UndoRecord[]).toReversed(),
    remove: (turnId) => database.transact(() => void remove.run(turnId)),
  };
}
