import type { Event, StoredEvent } from '../../contract/event.ts';
import { contain } from '../util/contain.ts';
import { toJson } from '../util/json-text.ts';
import type { Database } from './database.ts';
import type { EventFilter, Journal } from './port.ts';
import { parseStored } from './sqlite-error.ts';

/** Lets a store write events in the same transaction as the change that they tell of. */
export type EventWriter = {
  /** Call inside a transaction. */
  write(events: readonly Event[]): void;
  /** Call when that transaction is committed: readers are told. */
  announce(): void;
  /** Call when a conversation's events were deleted. */
  drop(convId: string): void;
};

/** Newest events are also kept in memory, so that many readers of a running turn cost no query each. */
const recentBytes = 1_000_000;

/** How long until a write that the disk refused is tried again. */
const retryMs = 250;

/** So many events are deleted in one transaction, so that none keeps turns waiting. */
const pruneBatch = 2000;

/** How the types begin of what a turn says and does piece by piece: who reads along in another conversation needs none of it. */
const finePrefixes = ['text.', 'think', 'messa', 'tool.', 'usage'];

type Recent = { event: StoredEvent; frame: string };

/** The event journal in SQLite. `keep` says how much of it: bytes of events, and days. */
export function createJournal(deps: {
  database: Database;
  keep: { bytes: number; days: number };
  now(): Date;
  onTrouble(error: unknown): void;
}): Journal & EventWriter {
  const { database, onTrouble } = deps;
  const insert = database.prepare('INSERT INTO event (conv_id, turn_id, data) VALUES (?, ?, ?)');
  const select = {
    all: database.prepare('SELECT id, data FROM event WHERE id > ? ORDER BY id LIMIT ?'),
    conversation: database.prepare(
      'SELECT id, data FROM event WHERE conv_id = ? AND id > ? ORDER BY id LIMIT ?',
    ),
    // The type begins at the tenth character (see toData).
    detail: database.prepare(
      `SELECT id, data FROM event WHERE id > ? AND (conv_id = ? OR substr(data, 10, 5) NOT IN (${finePrefixes.map((text) => `'${text}'`).join()}))
       ORDER BY id LIMIT ?`,
    ),
    turn: database.prepare('SELECT id, data FROM event WHERE turn_id = ? AND id > ? ORDER BY id LIMIT ?'),
  };
  const last = database.prepare(
    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0) AS id",
  );
  const size = database.prepare('SELECT coalesce(sum(length(data)), 0) AS bytes FROM event');
  const oldest = database.prepare(
    "SELECT id, length(data) AS bytes, json_extract(data, '$.at') AS at FROM event ORDER BY id LIMIT ?",
  );
  const removeTo = database.prepare('DELETE FROM event WHERE id <= ?');
  const readMark = database.prepare("SELECT value FROM mark WHERE name = 'pruned_to'");
  const setMark = database.prepare(
    "INSERT INTO mark VALUES ('pruned_to', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );

  const pending: Event[] = [];
  let staged: { events: StoredEvent[]; fromPending: number } = { events: [], fromPending: 0 };
  let recent: Recent[] = [];
  let recentSize = 0;
  let newest = (last.get() as { id: number }).id;
  let prunedTo = (readMark.get() as { value: number } | undefined)?.value ?? 0;
  let timer: NodeJS.Timeout | NodeJS.Immediate | null = null;
  let isTroubled = false;
  let isDisposed = false;
  const listeners = new Set<() => void>();
  const eventListeners: ((event: StoredEvent) => void)[] = [];
  const followers = new Map<string | undefined, number>();

  function write(events: readonly Event[]): void {
    const all = [...pending, ...events];
    staged = {
      fromPending: pending.length,
      events: all.map((event) => {
        const { lastInsertRowid } = insert.run(
          event.conv_id,
          'turn_id' in event ? event.turn_id : null,
          toData(event),
        );
        return { ...event, id: Number(lastInsertRowid) };
      }),
    };
  }

  function announce(): void {
    const { events, fromPending } = staged;
    staged = { events: [], fromPending: 0 };
    pending.splice(0, fromPending);
    for (const event of events) {
      newest = event.id;
      const frame = toFrame(event.id, event.type, toData(event));
      recent.push({ event, frame });
      recentSize += frame.length;
    }
    while (recentSize > recentBytes && recent.length > 1) recentSize -= recent.shift()?.frame.length ?? 0;
    // What is told is on disk: a listener that fails must neither undo that nor keep it from the others.
    for (const event of events) for (const listener of eventListeners) contain(listener, onTrouble)(event);
    for (const listener of [...listeners]) contain(listener, onTrouble)();
  }

  function flush(): void {
    if (!pending.length) return;
    database.transact(() => write([]));
    announce();
  }

  function flushLater(delay: number): void {
    const run = () => {
      timer = null;
      try {
        flush();
        isTroubled = false;
      } catch (error) {
        if (!isTroubled) onTrouble(error);
        isTroubled = true;
        flushLater(retryMs);
      }
    };
    timer ??= delay ? setTimeout(run, delay) : setImmediate(run);
  }

  /** The newest ones from memory; null where the cursor is from before them. */
  function fromRecent(cursor: number, filter: EventFilter, limit: number): Recent[] | null {
    const first = recent[0];
    if (cursor >= newest) return [];
    if (!first || cursor < first.event.id - 1) return null;
    const found: Recent[] = [];
    // Most readers are near the end.
    let at = recent.length;
    while (at > 0 && (recent[at - 1] as Recent).event.id > cursor) at -= 1;
    for (; at < recent.length && found.length < limit; at += 1) {
      const one = recent[at] as Recent;
      if (matches(one.event, filter)) found.push(one);
    }
    return found;
  }

  function fromDisk(cursor: number, filter: EventFilter, limit: number): { id: number; data: string }[] {
    const rows = filter.turn_id
      ? select.turn.all(filter.turn_id, cursor, limit)
      : filter.conv_id
        ? select.conversation.all(filter.conv_id, cursor, limit)
        : filter.detail !== undefined
          ? select.detail.all(cursor, filter.detail, limit)
          : select.all.all(cursor, limit);
    return rows as { id: number; data: string }[];
  }

  /** How far the oldest events are to go: while there are too many bytes, or they are too old. */
  function pruneOnce(over: number, before: string): { to: number; bytes: number; isAll: boolean } | null {
    const rows = oldest.all(pruneBatch) as { id: number; bytes: number; at: string }[];
    let bytes = 0;
    let to = 0;
    for (const row of rows) {
      if (bytes >= over && row.at >= before) break;
      bytes += row.bytes;
      to = row.id;
    }
    if (!to) return null;
    database.transact(() => {
      removeTo.run(to);
      setMark.run(to);
    });
    return { to, bytes, isAll: to < (rows.at(-1)?.id ?? 0) || rows.length < pruneBatch };
  }

  return {
    write,
    announce,
    flush,
    drop(convId) {
      recent = recent.filter(({ event }) => event.conv_id !== convId);
      recentSize = recent.reduce((sum, { frame }) => sum + frame.length, 0);
    },
    append(events) {
      // The database is closed: what is told now can be told to nobody.
      if (isDisposed) return;
      for (const event of events) {
        try {
          JSON.stringify(event);
          merge(pending, event);
        } catch (error) {
          // It would keep every write behind it from the disk.
          onTrouble(error);
        }
      }
      flushLater(0);
    },
    since(cursor, filter, limit) {
      const found = fromRecent(cursor, filter, limit);
      if (found) return found.map(({ event }) => event);
      return fromDisk(cursor, filter, limit).map((row) => ({ ...parseStored(row.data), id: row.id }));
    },
    frames(cursor, filter, limit) {
      const found = fromRecent(cursor, filter, limit);
      if (found) return found.map(({ event, frame }) => ({ id: event.id, frame }));
      return fromDisk(cursor, filter, limit).map(({ id, data }) => {
        const type = /^\{"type":"([\w.]+)"/.exec(data)?.[1] ?? '';
        return { id, frame: toFrame(id, type, `${data.slice(0, -1)},"id":${id}}`) };
      });
    },
    has: (cursor) => cursor >= prunedTo && cursor <= newest,
    cursor: () => newest,
    onEvent: (listener) => void eventListeners.push(listener),
    onWrite(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    follow(convId) {
      followers.set(convId, (followers.get(convId) ?? 0) + 1);
      return () => {
        const left = (followers.get(convId) ?? 1) - 1;
        if (left) followers.set(convId, left);
        else followers.delete(convId);
      };
    },
    isFollowed: (convId) => followers.has(convId) || followers.has(undefined),
    prune() {
      const before = new Date(deps.now().getTime() - deps.keep.days * 86_400_000).toISOString();
      let over = (size.get() as { bytes: number }).bytes - deps.keep.bytes;
      for (;;) {
        const pruned = pruneOnce(over, before);
        if (!pruned) return;
        prunedTo = pruned.to;
        recent = recent.filter(({ event }) => event.id > pruned.to);
        recentSize = recent.reduce((sum, { frame }) => sum + frame.length, 0);
        over -= pruned.bytes;
        if (pruned.isAll) return;
      }
    },
    dispose() {
      if (timer) {
        clearTimeout(timer as NodeJS.Timeout);
        clearImmediate(timer as NodeJS.Immediate);
      }
      try {
        flush();
      } catch (error) {
        onTrouble(error);
      }
      recent = [];
      isDisposed = true;
    },
  };
}

/** The type stands first: frames are made of what is on disk without parsing it. */
const toData = ({ type, ...rest }: Event) => toJson({ type, ...rest });

const toFrame = (id: number, type: string, data: string) => `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;

/** Adds an event; a delta that follows a delta of the same turn and kind becomes one with it. */
function merge(pending: Event[], event: Event): void {
  const before = pending.at(-1);
  const isDelta = event.type === 'text.delta' || event.type === 'thinking.delta';
  if (isDelta && before?.type === event.type && before.turn_id === event.turn_id) {
    pending[pending.length - 1] = { ...before, text: before.text + event.text };
  } else {
    pending.push(event);
  }
}

function matches(event: StoredEvent, filter: EventFilter): boolean {
  if (filter.turn_id) return 'turn_id' in event && event.turn_id === filter.turn_id;
  if (filter.detail !== undefined)
    return event.conv_id === filter.detail || !finePrefixes.includes(event.type.slice(0, 5));
  return !filter.conv_id || event.conv_id === filter.conv_id;
}
