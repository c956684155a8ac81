import type { Event } from '../../contract/event.ts';
import type { HistoryTurn } from '../../contract/message.ts';
import { AppError } from '../app-error.ts';
import { truncateText } from '../transcript/truncate.ts';
import type { Database } from './database.ts';
import type { EventWriter } from './journal.ts';
import type { Turn, TurnFailure, TurnOptions, TurnStore } from './port.ts';
import { parseStored } from './sqlite-error.ts';
import { TurnActivities } from './turn-activity.ts';
import { prepareTurnReads, prepareTurnWrites } from './turn-statements.ts';

type Row = {
  [K in keyof Turn]: Turn[K] extends string | null
    ? string | null
    : Turn[K] extends number | null
      ? number | null
      : string;
};

/** The turns in SQLite. `events` writes an event in the same transaction as the change that it reports. */
export function createTurnStore(deps: { database: Database; events: EventWriter }): TurnStore {
  return new SqliteTurnStore(deps);
}

class SqliteTurnStore implements TurnStore {
  readonly #database: Database;
  readonly #events: EventWriter;
  readonly #writes: ReturnType<typeof prepareTurnWrites>;
  readonly #reads: ReturnType<typeof prepareTurnReads>;
  readonly #activities: TurnActivities;

  constructor({ database, events }: { database: Database; events: EventWriter }) {
    this.#database = database;
    this.#events = events;
    this.#writes = prepareTurnWrites(database);
    this.#reads = prepareTurnReads(database);
    this.#activities = new TurnActivities(database);
  }

  requireUsable(): void {
    this.#database.requireUsable();
  }

  get(id: string): Turn | null {
    return toTurn(this.#reads.byId.get(id) as Row | undefined);
  }

  byKey(key: string, fingerprint: string): Turn | null {
    const row = this.#reads.byKey.get(key) as (Row & { fingerprint: string }) | undefined;
    if (!row || row.fingerprint === fingerprint) return toTurn(row);
    const detail = `The Idempotency-Key was used for turn ${row.id}, which is another request.`;
    throw new AppError('idempotency_mismatch', detail, { field: 'Idempotency-Key' });
  }

  accept(...[turn, key, fingerprint]: Parameters<TurnStore['accept']>): { turn: Turn; isNew: boolean } {
    const existing = key === null ? null : this.byKey(key, fingerprint);
    if (existing) return { turn: existing, isNew: false };
    const { id, conv_id, message, options, created_at } = turn;
    const texts = [JSON.stringify(message), JSON.stringify(options)];
    this.#change(() => {
      const values = ['queued', key, fingerprint, created_at, 'message', null, null];
      this.#writes.insert.run(id, conv_id, ...texts, ...values);
      return [toQueuedEvent(turn, 'message', options)];
    });
    this.#activities.recordMessage(turn);
    this.#events.announce();
    return { turn: this.get(id) as Turn, isNew: true };
  }

  begin(turn: Parameters<TurnStore['begin']>[0]): Turn {
    const { id, conv_id, message, session_id, created_at: at } = turn;
    this.#change(() => {
      const values = ['running', null, '', at, 'background', session_id, at];
      this.#writes.insert.run(id, conv_id, JSON.stringify(message), '{}', ...values);
      const queued = toQueuedEvent(turn, 'background', {});
      return [queued, toStartedEvent(turn, { session_id: session_id ?? '', at, steers: null })];
    });
    this.#events.announce();
    return this.get(id) as Turn;
  }

  start(...[id, { session_id, started_at, steers }]: Parameters<TurnStore['start']>): void {
    const turn = this.get(id) as Turn;
    const at = started_at as string;
    this.#change(() => {
      this.#writes.start.run(session_id, at, steers, id);
      return [toStartedEvent(turn, { session_id: session_id as string, at, steers })];
    });
    this.#events.announce();
  }

  requeue(id: string, at: string): void {
    const turn = this.get(id) as Turn;
    this.#change(() => {
      this.#writes.requeue.run(id);
      return [{ ...toQueuedEvent(turn, turn.origin, turn.options), at }];
    });
    this.#events.announce();
  }

  change(...[id, { message, options }, event]: Parameters<TurnStore['change']>): void {
    this.#change(() => {
      this.#writes.change.run(JSON.stringify(message), JSON.stringify(options), id);
      return [event];
    });
    this.#activities.recordChange(event.conv_id);
    this.#events.announce();
  }

  reorder(...[ids, event]: Parameters<TurnStore['reorder']>): void {
    const ranks = ids.map((id) => (this.get(id) as Turn).rank).sort((a, b) => a - b);
    this.#change(() => {
      for (const [index, id] of ids.entries()) this.#writes.place.run(ranks[index], id);
      return [event];
    });
    this.#events.announce();
  }

  end(...[id, value, event, remains]: Parameters<TurnStore['end']>): void {
    const { state, text, result, error, ended_at } = value;
    const context = remains?.context ?? null;
    this.#change(() => {
      const outcome = [JSON.stringify(text), toJson(result), toJson(error), ended_at];
      const after = [remains?.final_session_id ?? null, remains?.usd ?? 0, toJson(context)];
      this.#writes.end.run(state, ...outcome, ...after, id);
      return [event];
    });
    this.#activities.recordEnd(this.get(id) as Turn, value, context);
    this.#events.announce();
  }

  forget(convId: string): void {
    this.#database.durably(() => {
      const detail = `Conversation ${convId} was deleted.`;
      const gone: TurnFailure = { code: 'conversation_not_found', detail };
      this.#writes.forget.run(JSON.stringify(gone), convId);
      this.#writes.forgetEvents.run(convId);
      this.#writes.forgetPrompts.run(convId);
    });
    this.#activities.forget(convId);
    this.#events.drop(convId);
  }

  knowsSession(sessionId: string): ReturnType<TurnStore['knowsSession']> {
    if (this.#reads.completedIn.get(sessionId)) return 'completed';
    return this.#reads.begunIn.get(sessionId) ? 'begun' : 'unknown';
  }

  spentSince(at: string): number {
    return (this.#reads.spentSince.get(at) as { usd: number }).usd;
  }

  spentByConversation(): Map<string, number> {
    const rows = this.#reads.spentBy.all() as { conv_id: string; usd: number }[];
    return new Map(rows.map(({ conv_id, usd }) => [conv_id, usd]));
  }

  countByState(): Record<string, number> {
    const rows = this.#reads.countBy.all() as { state: string; count: number }[];
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }

  inState(state: Turn['state']): Turn[] {
    return (this.#reads.byState.all(state) as Row[]).map((row) => toTurn(row) as Turn);
  }

  lastEnded(convId: string): Turn | null {
    return toTurn(this.#reads.lastEnded.get(convId) as Row | undefined);
  }

  endedBetween(convId: string, from: string, to: string): HistoryTurn[] {
    const rows = this.#reads.endedBetween.all(convId, from, to) as (HistoryTurn & { names: string })[];
    return rows.map(({ names, ...turn }) => {
      const attachments: string[] = parseStored(names);
      return attachments.length ? { ...turn, attachments } : turn;
    });
  }

  activityOf(convId: string): ReturnType<TurnStore['activityOf']> {
    return this.#activities.get(convId);
  }

  onActivity(listener: (convId: string) => void): void {
    this.#activities.onChange(listener);
  }

  newestStarted(): ReturnType<TurnStore['newestStarted']> {
    return this.#reads.newestStarted.all() as ReturnType<TurnStore['newestStarted']>;
  }

  newest(): ReturnType<TurnStore['newest']> {
    const rows = this.#reads.newest.all() as Row[];
    return rows.map((row) => ({ ...row, options: parseStored(row.options) })) as ReturnType<
      TurnStore['newest']
    >;
  }

  /** Makes a change and writes its events, both or neither. */
  #change(work: () => Event[]): void {
    this.#database.durably(() => this.#events.write(work()));
  }
}

const toJson = (value: object | null) => value && JSON.stringify(value);

function toQueuedEvent(
  turn: Pick<Turn, 'id' | 'conv_id' | 'message' | 'created_at'>,
  origin: Turn['origin'],
  options: TurnOptions,
): Event {
  return {
    type: 'turn.queued',
    conv_id: turn.conv_id,
    turn_id: turn.id,
    at: turn.created_at,
    message: truncateText(turn.message, 2000).text,
    origin,
    attachments: (options.attachments ?? []).map(({ name, media_type, bytes }) => ({
      name,
      media_type,
      bytes,
    })),
  };
}

const toStartedEvent = (
  { id, conv_id }: Pick<Turn, 'id' | 'conv_id'>,
  start: { session_id: string; at: string; steers: string | null },
): Event => ({ type: 'turn.started', conv_id, turn_id: id, ...start });

function toTurn(row: Row | undefined): Turn | null {
  if (!row) return null;
  return {
    id: row.id as string,
    conv_id: row.conv_id as string,
    message: parseStored(row.message as string),
    options: parseStored(row.options),
    state: row.state as Turn['state'],
    session_id: row.session_id,
    origin: row.origin as Turn['origin'],
    steers: row.steers,
    rank: Number(row.rank),
    text: parseStored(row.text as string),
    result: row.result === null ? null : parseStored(row.result as string),
    error: row.error === null ? null : parseStored(row.error as string),
    created_at: row.created_at as string,
    started_at: row.started_at,
    ended_at: row.ended_at,
  };
}
