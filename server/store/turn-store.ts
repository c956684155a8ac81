import type { Event } from '../../contract/event.ts';
import type { HistoryTurn } from '../../contract/message.ts';
import { endedStates } from '../../contract/turn-state.ts';
import { AppError } from '../app-error.ts';
import { truncateText } from '../transcript/truncate.ts';
import type { Database } from './database.ts';
import type { EventWriter } from './journal.ts';
import type { Turn, TurnFailure, TurnOptions, TurnStore } from './port.ts';
import { parseStored } from './sqlite-error.ts';
import { TurnActivities } from './turn-activity.ts';

type Row = {
  [K in keyof Turn]: Turn[K] extends string | null
    ? string | null
    : Turn[K] extends number | null
      ? number | null
      : string;
};

const ended = `state IN (${endedStates.map((state) => `'${state}'`).join(', ')})`;

/** The turns in SQLite. `events` writes an event in the same transaction as the change that it tells of. */
export function createTurnStore({
  database,
  events,
}: {
  database: Database;
  events: EventWriter;
}): TurnStore {
  const insert = database.prepare(
    `INSERT INTO turn (id, conv_id, message, options, state, idempotency_key, fingerprint, created_at, origin, session_id, started_at, rank)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(rank), 0) + 1 FROM turn))`,
  );
  const byId = database.prepare('SELECT * FROM turn WHERE id = ?');
  const byKey = database.prepare('SELECT * FROM turn WHERE idempotency_key = ?');
  const byState = database.prepare('SELECT * FROM turn WHERE state = ? ORDER BY rank');
  const start = database.prepare(
    "UPDATE turn SET state = 'running', session_id = ?, started_at = ?, steers = ? WHERE id = ?",
  );
  const requeue = database.prepare(
    "UPDATE turn SET state = 'queued', started_at = NULL, steers = NULL WHERE id = ?",
  );
  const change = database.prepare('UPDATE turn SET message = ?, options = ? WHERE id = ?');
  const place = database.prepare('UPDATE turn SET rank = ? WHERE id = ?');
  const end = database.prepare(
    `UPDATE turn SET state = ?, text = ?, result = ?, error = ?, ended_at = ?, final_session_id = ?, spent_usd = ?,
       context = ? WHERE id = ?`,
  );
  const completedIn = database.prepare(
    "SELECT 1 FROM turn WHERE final_session_id = ? AND state = 'completed' LIMIT 1",
  );
  const begunIn = database.prepare('SELECT 1 FROM turn WHERE session_id = ? LIMIT 1');
  const spentSince = database.prepare(
    'SELECT coalesce(sum(spent_usd), 0) AS usd FROM turn WHERE ended_at >= ?',
  );
  const spentBy = database.prepare('SELECT conv_id, sum(spent_usd) AS usd FROM turn GROUP BY conv_id');
  const countBy = database.prepare('SELECT state, count(*) AS count FROM turn GROUP BY state');
  const lastEnded = database.prepare(
    `SELECT * FROM turn WHERE conv_id = ? AND ${ended} ORDER BY ended_at DESC, seq DESC LIMIT 1`,
  );
  const endedBetween = database.prepare(
    `SELECT id AS turn_id, state, started_at, ended_at, spent_usd AS cost_usd,
       (SELECT json_group_array(value ->> 'name') FROM json_each(options, '$.attachments')) AS names FROM turn
     WHERE conv_id = ? AND ${ended} AND started_at IS NOT NULL AND ended_at >= ? AND started_at <= ? ORDER BY started_at`,
  );
  // The rows stay, without what was said: an Idempotency-Key must never run a message again. No id has a colon.
  const forget = database.prepare(
    `UPDATE turn SET conv_id = 'deleted:' || conv_id, message = '""', text = '""', options = '{}', result = NULL, error = ? WHERE conv_id = ?`,
  );
  const forgetEvents = database.prepare('DELETE FROM event WHERE conv_id = ?');
  const forgetPrompts = database.prepare('DELETE FROM prompt WHERE conv_id = ?');
  // SQLite takes the other columns from the row that has the maximum.
  const newestStarted = database.prepare(
    `SELECT conv_id, session_id, final_session_id, max(started_at) AS started_at FROM turn
     WHERE started_at IS NOT NULL AND conv_id NOT LIKE 'deleted:%' GROUP BY conv_id`,
  );
  const activities = new TurnActivities(database);
  const newest = database.prepare(
    `SELECT conv_id, created_at, started_at, options,
            (SELECT coalesce(final_session_id, session_id) FROM turn AS t
             WHERE t.conv_id = turn.conv_id AND session_id IS NOT NULL ORDER BY seq DESC LIMIT 1) AS session_id
     FROM turn WHERE seq IN (SELECT max(seq) FROM turn GROUP BY conv_id) AND conv_id NOT LIKE 'deleted:%'`,
  );
  const get = (id: string) => toTurn(byId.get(id) as Row | undefined);

  function findByKey(key: string, fingerprint: string): Turn | null {
    const known = byKey.get(key) as (Row & { fingerprint: string }) | undefined;
    if (known && known.fingerprint !== fingerprint) {
      throw new AppError(
        'idempotency_mismatch',
        `The Idempotency-Key was used for turn ${known.id}, which is another request.`,
        {
          field: 'Idempotency-Key',
        },
      );
    }
    return toTurn(known);
  }

  function queuedEvent(
    turn: Pick<Turn, 'id' | 'conv_id' | 'message' | 'created_at'>,
    origin: Turn['origin'],
    options: TurnOptions,
  ): Event {
    const message = truncateText(turn.message, 2000).text;
    const common = { conv_id: turn.conv_id, turn_id: turn.id, at: turn.created_at };
    return {
      type: 'turn.queued',
      ...common,
      message,
      origin,
      attachments: (options.attachments ?? []).map(({ name, media_type, bytes }) => ({
        name,
        media_type,
        bytes,
      })),
    };
  }

  return {
    requireUsable: () => database.requireUsable(),
    byKey: findByKey,
    accept(turn, key, fingerprint) {
      const known = key === null ? null : findByKey(key, fingerprint);
      if (known) return { turn: known, isNew: false };
      database.durably(() => {
        const { id, conv_id, message, options, created_at } = turn;
        insert.run(
          id,
          conv_id,
          JSON.stringify(message),
          JSON.stringify(options),
          'queued',
          key,
          fingerprint,
          created_at,
          'message',
          null,
          null,
        );
        events.write([queuedEvent(turn, 'message', options)]);
      });
      activities.recordMessage(turn);
      events.announce();
      return { turn: get(turn.id) as Turn, isNew: true };
    },
    begin(turn) {
      const { id, conv_id, message, session_id, created_at: at } = turn;
      database.durably(() => {
        insert.run(
          id,
          conv_id,
          JSON.stringify(message),
          '{}',
          'running',
          null,
          '',
          at,
          'background',
          session_id,
          at,
        );
        const started = {
          type: 'turn.started',
          conv_id,
          turn_id: id,
          at,
          session_id: session_id ?? '',
          steers: null,
        } as const;
        events.write([queuedEvent(turn, 'background', {}), started]);
      });
      events.announce();
      return get(id) as Turn;
    },
    start(id, { session_id, started_at, steers }) {
      const turn = get(id) as Turn;
      const at = started_at as string;
      database.durably(() => {
        start.run(session_id, at, steers, id);
        events.write([
          {
            type: 'turn.started',
            conv_id: turn.conv_id,
            turn_id: id,
            at,
            session_id: session_id as string,
            steers,
          },
        ]);
      });
      events.announce();
    },
    requeue(id, at) {
      const turn = get(id) as Turn;
      database.durably(() => {
        requeue.run(id);
        events.write([{ ...queuedEvent(turn, turn.origin, turn.options), at }]);
      });
      events.announce();
    },
    change(id, { message, options }, event) {
      database.durably(() => {
        change.run(JSON.stringify(message), JSON.stringify(options), id);
        events.write([event]);
      });
      activities.recordChange(event.conv_id);
      events.announce();
    },
    reorder(ids, event) {
      const ranks = ids.map((id) => (get(id) as Turn).rank).sort((a, b) => a - b);
      database.durably(() => {
        for (const [index, id] of ids.entries()) place.run(ranks[index], id);
        events.write([event]);
      });
      events.announce();
    },
    end(id, value, event, remains) {
      const { state, text, result, error, ended_at } = value;
      database.durably(() => {
        end.run(
          state,
          JSON.stringify(text),
          result && JSON.stringify(result),
          error && JSON.stringify(error),
          ended_at,
          remains?.final_session_id ?? null,
          remains?.usd ?? 0,
          remains?.context ? JSON.stringify(remains.context) : null,
          id,
        );
        events.write([event]);
      });
      activities.recordEnd(get(id) as Turn, value, remains?.context ?? null);
      events.announce();
    },
    knowsSession: (sessionId) =>
      completedIn.get(sessionId) ? 'completed' : begunIn.get(sessionId) ? 'begun' : 'unknown',
    spentSince: (at) => (spentSince.get(at) as { usd: number }).usd,
    spentByConversation: () =>
      new Map(
        (spentBy.all() as { conv_id: string; usd: number }[]).map(({ conv_id, usd }) => [conv_id, usd]),
      ),
    countByState: () =>
      Object.fromEntries(
        (countBy.all() as { state: string; count: number }[]).map(({ state, count }) => [state, count]),
      ),
    get,
    inState: (state) => (byState.all(state) as Row[]).map((row) => toTurn(row) as Turn),
    lastEnded: (convId) => toTurn(lastEnded.get(convId) as Row | undefined),
    forget(convId) {
      database.durably(() => {
        const gone: TurnFailure = {
          code: 'conversation_not_found',
          detail: `Conversation ${convId} was deleted.`,
        };
        forget.run(JSON.stringify(gone), convId);
        forgetEvents.run(convId);
        forgetPrompts.run(convId);
      });
      activities.forget(convId);
      events.drop(convId);
    },
    endedBetween: (convId, from, to) =>
      (endedBetween.all(convId, from, to) as (HistoryTurn & { names: string })[]).map(
        ({ names, ...turn }) => {
          const attachments: string[] = parseStored(names);
          return attachments.length ? { ...turn, attachments } : turn;
        },
      ),
    activityOf: (convId) => activities.get(convId),
    onActivity: (listener) => activities.onChange(listener),
    newestStarted: () => newestStarted.all() as ReturnType<TurnStore['newestStarted']>,
    newest: () =>
      (newest.all() as Row[]).map(
        (row) => ({ ...row, options: parseStored(row.options) }) as ReturnType<TurnStore['newest']>[number],
      ),
  };
}

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
