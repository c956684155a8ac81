import type { Event, StoredEvent } from '../../contract/event.ts';
import type { Database } from './database.ts';
import type { EventFilter, Journal } from './port.ts';

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

/** The event journal in SQLite. */
export function createJournal({ database, onTrouble }: { database: Database; onTrouble(error: unknown): void }): Journal & EventWriter {
  const insert = database.prepare('INSERT INTO event (conv_id, turn_id, data) VALUES (?, ?, ?)');
  const select = {
    all: database.prepare('SELECT id, data FROM event WHERE id > ? ORDER BY id LIMIT ?'),
    conversation: database.prepare('SELECT id, data FROM event WHERE conv_id = ? AND id > ? ORDER BY id LIMIT ?'),
    turn: database.prepare('SELECT id, data FROM event WHERE turn_id = ? AND id > ? ORDER BY id LIMIT ?'),
  };
  const last = database.prepare("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0) AS id");
  const texts = database.prepare(
    "SELECT json_extract(data, '$.text') AS text FROM event WHERE turn_id = ? AND json_extract(data, '$.type') = ? ORDER BY id",
  );

  const pending: Event[] = [];
  let staged: { events: StoredEvent[]; fromPending: number } = { events: [], fromPending: 0 };
  let recent: { event: StoredEvent; size: number }[] = [];
  let recentSize = 0;
  let newest = (last.get() as { id: number }).id;
  let timer: NodeJS.Timeout | NodeJS.Immediate | null = null;
  let isTroubled = false;
  const listeners = new Set<() => void>();
  const followers = new Map<string | undefined, number>();

  function write(events: readonly Event[]): void {
    const all = [...pending, ...events];
    staged = {
      fromPending: pending.length,
      events: all.map((event) => {
        const { lastInsertRowid } = insert.run(event.conv_id, 'turn_id' in event ? event.turn_id : null, JSON.stringify(event));
        return { ...event, id: Number(lastInsertRowid) };
      }),
    };
  }

  function announce(): void {
    pending.splice(0, staged.fromPending);
    for (const event of staged.events) {
      newest = event.id;
      const size = JSON.stringify(event).length;
      recent.push({ event, size });
      recentSize += size;
    }
    staged = { events: [], fromPending: 0 };
    while (recentSize > recentBytes && recent.length > 1) recentSize -= recent.shift()?.size ?? 0;
    for (const listener of [...listeners]) listener();
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

  return {
    write,
    announce,
    flush,
    drop(convId) {
      recent = recent.filter(({ event }) => event.conv_id !== convId);
      recentSize = recent.reduce((sum, { size }) => sum + size, 0);
    },
    append(events) {
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
      const oldest = recent[0];
      if (cursor >= newest) return [];
      if (oldest && cursor >= oldest.event.id - 1) {
        const found: StoredEvent[] = [];
        for (const { event } of recent) {
          if (event.id > cursor && matches(event, filter) && found.push(event) >= limit) break;
        }
        return found;
      }
      const rows = filter.turn_id
        ? select.turn.all(filter.turn_id, cursor, limit)
        : filter.conv_id
          ? select.conversation.all(filter.conv_id, cursor, limit)
          : select.all.all(cursor, limit);
      return (rows as { id: number; data: string }[]).map((row) => ({ ...JSON.parse(row.data), id: row.id }));
    },
    cursor: () => newest,
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
    texts(turnId, type) {
      flush();
      return (texts.all(turnId, type) as { text: string }[]).map((row) => row.text);
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
    },
  };
}

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
  return !filter.conv_id || event.conv_id === filter.conv_id;
}
