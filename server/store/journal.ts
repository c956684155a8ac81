import type { Event, StoredEvent } from '../../contract/event.ts';
import { contain } from '../util/contain.ts';
import type { Database } from './database.ts';
import { EventTable, toEventData } from './event-table.ts';
import type { EventFilter, Journal } from './port.ts';
import { RecentEvents } from './recent-events.ts';
import { parseStored } from './sqlite-error.ts';

/** Lets a store write events in the same transaction as the change that they report. */
export type EventWriter = {
  /** Call inside a transaction. */
  write(events: readonly Event[]): void;
  /** Call after that transaction was committed: notifies readers. */
  announce(): void;
  /** Call after a conversation's events were deleted. */
  drop(convId: string): void;
};

export type JournalDeps = {
  database: Database;
  /** How much of the journal is kept: bytes of events, and days. */
  keep: { bytes: number; days: number };
  now(): Date;
  onTrouble(error: unknown): void;
};

const maxRecentSize = 1_000_000;

/** How long until a write that the disk refused is tried again. */
const retryDelayMs = 250;

/** The event journal in SQLite. */
export const createJournal = (deps: JournalDeps): Journal & EventWriter => new EventJournal(deps);

class EventJournal implements Journal, EventWriter {
  readonly #deps: JournalDeps;
  readonly #table: EventTable;
  readonly #recent = new RecentEvents(maxRecentSize);
  readonly #pending: Event[] = [];
  /** What the open transaction has written, and how many of these were pending. */
  #staged: { events: StoredEvent[]; fromPending: number } = { events: [], fromPending: 0 };
  #newest: number;
  #prunedTo: number;
  #timer: NodeJS.Timeout | NodeJS.Immediate | null = null;
  #isTroubled = false;
  #isDisposed = false;
  readonly #writeListeners = new Set<() => void>();
  readonly #eventListeners: ((event: StoredEvent) => void)[] = [];
  /** How many readers follow a conversation, or all of them (undefined). */
  readonly #followers = new Map<string | undefined, number>();

  constructor(deps: JournalDeps) {
    this.#deps = deps;
    this.#table = new EventTable(deps.database);
    this.#newest = this.#table.newestId();
    this.#prunedTo = this.#table.prunedTo();
  }

  write(events: readonly Event[]): void {
    const stored = [...this.#pending, ...events].map((event) => ({
      ...event,
      id: this.#table.insertEvent(event),
    }));
    this.#staged = { events: stored, fromPending: this.#pending.length };
  }

  announce(): void {
    const { events, fromPending } = this.#staged;
    this.#staged = { events: [], fromPending: 0 };
    this.#pending.splice(0, fromPending);
    this.#newest = events.at(-1)?.id ?? this.#newest;
    this.#recent.addEvents(
      events.map((event) => ({ event, frame: toFrame(event.id, event.type, toEventData(event)) })),
    );
    // The events are on disk: a listener that fails must neither undo that nor keep them from the others.
    const { onTrouble } = this.#deps;
    for (const event of events)
      for (const listener of this.#eventListeners) contain(listener, onTrouble)(event);
    for (const listener of [...this.#writeListeners]) contain(listener, onTrouble)();
  }

  drop(convId: string): void {
    this.#recent.keepOnly((event) => event.conv_id !== convId);
  }

  append(events: readonly Event[]): void {
    // The database is closed, so these can neither be stored nor published.
    if (this.#isDisposed) return;
    for (const event of events) {
      try {
        JSON.stringify(event);
        mergeEvent(this.#pending, event);
      } catch (error) {
        // An event that has no JSON would block every write behind it.
        this.#deps.onTrouble(error);
      }
    }
    this.#flushLater(0);
  }

  flush(): void {
    if (!this.#pending.length) return;
    this.#deps.database.transact(() => this.write([]));
    this.announce();
  }

  since(cursor: number, filter: EventFilter, limit: number): StoredEvent[] {
    const recent = this.#readRecent(cursor, filter, limit);
    if (recent) return recent.map(({ event }) => event);
    const rows = this.#table.readAfter(cursor, filter, limit);
    return rows.map(({ id, data }) => ({ ...parseStored<Event>(data), id }));
  }

  frames(cursor: number, filter: EventFilter, limit: number): { id: number; frame: string }[] {
    const recent = this.#readRecent(cursor, filter, limit);
    if (recent) return recent.map(({ event, frame }) => ({ id: event.id, frame }));
    return this.#table.readAfter(cursor, filter, limit).map(({ id, data }) => {
      const type = /^\{"type":"([\w.]+)"/.exec(data)?.[1] ?? '';
      return { id, frame: toFrame(id, type, `${data.slice(0, -1)},"id":${id}}`) };
    });
  }

  has(cursor: number): boolean {
    return cursor >= this.#prunedTo && cursor <= this.#newest;
  }

  cursor(): number {
    return this.#newest;
  }

  onEvent(listener: (event: StoredEvent) => void): void {
    this.#eventListeners.push(listener);
  }

  onWrite(listener: () => void): () => void {
    this.#writeListeners.add(listener);
    return () => this.#writeListeners.delete(listener);
  }

  follow(convId: string | undefined): () => void {
    const countOf = () => this.#followers.get(convId) ?? 0;
    this.#followers.set(convId, countOf() + 1);
    return () => {
      if (countOf() > 1) this.#followers.set(convId, countOf() - 1);
      else this.#followers.delete(convId);
    };
  }

  isFollowed(convId: string): boolean {
    return this.#followers.has(convId) || this.#followers.has(undefined);
  }

  prune(): void {
    const { keep, now } = this.#deps;
    const minAt = new Date(now().getTime() - keep.days * 86_400_000).toISOString();
    let excess = this.#table.countBytes() - keep.bytes;
    for (let isDone = false; !isDone; ) {
      const batch = this.#table.pruneBatch(excess, minAt);
      if (!batch) return;
      this.#prunedTo = batch.to;
      this.#recent.keepOnly((event) => event.id > batch.to);
      excess -= batch.bytes;
      isDone = batch.isDone;
    }
  }

  dispose(): void {
    if (this.#timer) {
      clearTimeout(this.#timer as NodeJS.Timeout);
      clearImmediate(this.#timer as NodeJS.Immediate);
    }
    try {
      this.flush();
    } catch (error) {
      this.#deps.onTrouble(error);
    }
    this.#recent.keepOnly(() => false);
    this.#isDisposed = true;
  }

  #readRecent(cursor: number, filter: EventFilter, limit: number) {
    return cursor >= this.#newest ? [] : this.#recent.readAfter(cursor, filter, limit);
  }

  #flushLater(delayMs: number): void {
    const run = () => this.#flushOrRetry();
    this.#timer ??= delayMs ? setTimeout(run, delayMs) : setImmediate(run);
  }

  #flushOrRetry(): void {
    this.#timer = null;
    try {
      this.flush();
      this.#isTroubled = false;
    } catch (error) {
      if (!this.#isTroubled) this.#deps.onTrouble(error);
      this.#isTroubled = true;
      this.#flushLater(retryDelayMs);
    }
  }
}

const toFrame = (id: number, type: string, data: string) => `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;

/** Adds an event; a delta that follows a delta of the same turn and kind is joined with it. */
function mergeEvent(pending: Event[], event: Event): void {
  const previous = pending.at(-1);
  const isDelta = event.type === 'text.delta' || event.type === 'thinking.delta';
  if (isDelta && previous?.type === event.type && previous.turn_id === event.turn_id) {
    pending[pending.length - 1] = { ...previous, text: previous.text + event.text };
  } else {
    pending.push(event);
  }
}
