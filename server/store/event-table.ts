import { type Event, isDetail } from '../../contract/event.ts';
import { toJson } from '../util/json-text.ts';
import type { Database, Statement } from './database.ts';
import type { EventFilter } from './port.ts';

export type EventRow = { id: number; data: string };

/** How many events one transaction deletes at most, so that pruning does not block turns for long. */
const pruneBatch = 2000;

/** The type is the first field: frames are made from stored rows without parsing them. */
export const toEventData = ({ type, ...rest }: Event): string => toJson({ type, ...rest });

/** The table of events, and the mark up to which they were pruned. */
export class EventTable {
  readonly #database: Database;
  readonly #insert: Statement;
  readonly #selectAll: Statement;
  readonly #selectConversation: Statement;
  readonly #selectWithDetail: Statement;
  readonly #selectTurn: Statement;
  readonly #newest: Statement;
  readonly #size: Statement;
  readonly #oldest: Statement;
  readonly #deleteTo: Statement;
  readonly #prunedTo: Statement;
  readonly #setPrunedTo: Statement;

  constructor(database: Database) {
    const select = (where: string) =>
      database.prepare(`SELECT id, data FROM event WHERE ${where} ORDER BY id LIMIT ?`);
    this.#database = database;
    this.#insert = database.prepare(
      'INSERT INTO event (conv_id, turn_id, data, is_detail) VALUES (?, ?, ?, ?)',
    );
    this.#selectAll = select('id > ?');
    this.#selectConversation = select('conv_id = ? AND id > ?');
    this.#selectWithDetail = select('id > ? AND (conv_id = ? OR is_detail = 0)');
    this.#selectTurn = select('turn_id = ? AND id > ?');
    this.#newest = database.prepare(
      "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0) AS id",
    );
    this.#size = database.prepare('SELECT coalesce(sum(length(data)), 0) AS bytes FROM event');
    this.#oldest = database.prepare(
      "SELECT id, length(data) AS bytes, json_extract(data, '$.at') AS at FROM event ORDER BY id LIMIT ?",
    );
    this.#deleteTo = database.prepare('DELETE FROM event WHERE id <= ?');
    this.#prunedTo = database.prepare("SELECT value FROM mark WHERE name = 'pruned_to'");
    this.#setPrunedTo = database.prepare(
      "INSERT INTO mark VALUES ('pruned_to', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
  }

  /** Inserts an event and returns its id. */
  insertEvent(event: Event): number {
    const turnId = 'turn_id' in event ? event.turn_id : null;
    const detail = isDetail[event.type] ? 1 : 0;
    return Number(this.#insert.run(event.conv_id, turnId, toEventData(event), detail).lastInsertRowid);
  }

  readAfter(cursor: number, filter: EventFilter, limit: number): EventRow[] {
    return this.#selectAfter(cursor, filter, limit) as EventRow[];
  }

  /** The newest id that was ever given. */
  newestId(): number {
    return (this.#newest.get() as { id: number }).id;
  }

  /** The newest id that was deleted because of the limits. */
  prunedTo(): number {
    return (this.#prunedTo.get() as { value: number } | undefined)?.value ?? 0;
  }

  countBytes(): number {
    return (this.#size.get() as { bytes: number }).bytes;
  }

  /**
   * Deletes a batch of the oldest events: `excess` bytes of them, and those from before `minAt`. `isDone` if
   * no other batch needs to go. Null if there is nothing to delete.
   */
  pruneBatch(excess: number, minAt: string): { to: number; bytes: number; isDone: boolean } | null {
    const rows = this.#oldest.all(pruneBatch) as { id: number; bytes: number; at: string }[];
    let bytes = 0;
    let to = 0;
    for (const row of rows) {
      if (bytes >= excess && row.at >= minAt) break;
      bytes += row.bytes;
      to = row.id;
    }
    if (!to) return null;
    this.#database.transact(() => {
      this.#deleteTo.run(to);
      this.#setPrunedTo.run(to);
    });
    return { to, bytes, isDone: to < (rows.at(-1)?.id ?? 0) || rows.length < pruneBatch };
  }

  #selectAfter(cursor: number, filter: EventFilter, limit: number): unknown[] {
    if (filter.turn_id) return this.#selectTurn.all(filter.turn_id, cursor, limit);
    if (filter.conv_id) return this.#selectConversation.all(filter.conv_id, cursor, limit);
    if (filter.detail !== undefined) return this.#selectWithDetail.all(cursor, filter.detail, limit);
    return this.#selectAll.all(cursor, limit);
  }
}
