import { isDetail, type StoredEvent } from '../../contract/event.ts';
import type { EventFilter } from './port.ts';

export type RecentEvent = { event: StoredEvent; frame: string };

/** The newest events in memory, so that many readers of a running turn cost no query each. */
export class RecentEvents {
  readonly #maxSize: number;
  #entries: RecentEvent[] = [];
  /** Characters of all frames. */
  #size = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** Adds newer events and drops the oldest that exceed the limit. */
  addEvents(entries: readonly RecentEvent[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#size += entry.frame.length;
    }
    while (this.#size > this.#maxSize && this.#entries.length > 1)
      this.#size -= this.#entries.shift()?.frame.length ?? 0;
  }

  /** Up to `limit` events after the cursor; null if the oldest one here may not be the first of them. */
  readAfter(cursor: number, filter: EventFilter, limit: number): RecentEvent[] | null {
    const oldest = this.#entries[0];
    if (!oldest || cursor < oldest.event.id - 1) return null;
    const matches: RecentEvent[] = [];
    // Searched from the end, since most readers are near it.
    let index = this.#entries.length;
    while (index > 0 && (this.#entries[index - 1] as RecentEvent).event.id > cursor) index -= 1;
    for (; index < this.#entries.length && matches.length < limit; index += 1) {
      const entry = this.#entries[index] as RecentEvent;
      if (matchesFilter(entry.event, filter)) matches.push(entry);
    }
    return matches;
  }

  keepOnly(isKept: (event: StoredEvent) => boolean): void {
    this.#entries = this.#entries.filter(({ event }) => isKept(event));
    this.#size = this.#entries.reduce((sum, { frame }) => sum + frame.length, 0);
  }
}

function matchesFilter(event: StoredEvent, filter: EventFilter): boolean {
  if (filter.turn_id) return 'turn_id' in event && event.turn_id === filter.turn_id;
  if (filter.detail !== undefined) return event.conv_id === filter.detail || !isDetail[event.type];
  return !filter.conv_id || event.conv_id === filter.conv_id;
}
