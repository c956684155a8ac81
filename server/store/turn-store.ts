import { AppError } from '../app-error.ts';
import { clip } from '../transcript/clip.ts';
import type { Database } from './database.ts';
import type { EventWriter } from './journal.ts';
import type { Turn, TurnFailure, TurnStore } from './port.ts';

type Row = { [K in keyof Turn]: Turn[K] extends string | null ? string | null : Turn[K] extends number | null ? number | null : string };

/** The turns in SQLite. `events` writes an event in the same transaction as the change that it tells of. */
export function createTurnStore({ database, events }: { database: Database; events: EventWriter }): TurnStore {
  const insert = database.prepare(
    `INSERT INTO turn (id, conv_id, message, options, state, idempotency_key, fingerprint, created_at)
     VALUES (?, ?, ?, ?, 'queued', ?, ?, ?)`,
  );
  const byId = database.prepare('SELECT * FROM turn WHERE id = ?');
  const byKey = database.prepare('SELECT * FROM turn WHERE idempotency_key = ?');
  const byState = database.prepare('SELECT * FROM turn WHERE state = ? ORDER BY seq');
  const start = database.prepare("UPDATE turn SET state = 'running', session_id = ?, started_at = ? WHERE id = ?");
  const noteProcess = database.prepare('UPDATE turn SET pid = ?, pid_start = ? WHERE id = ?');
  const end = database.prepare('UPDATE turn SET state = ?, text = ?, result = ?, error = ?, ended_at = ? WHERE id = ?');
  const withProcess = database.prepare("SELECT * FROM turn WHERE pid IS NOT NULL OR state = 'running' ORDER BY seq");
  const lastEnded = database.prepare(
    `SELECT * FROM turn WHERE conv_id = ? AND state NOT IN ('queued', 'running', 'waiting') ORDER BY seq DESC LIMIT 1`,
  );
  // The rows stay, without what was said: an Idempotency-Key must never run a message again. No id has a colon.
  const forget = database.prepare(
    `UPDATE turn SET conv_id = 'deleted:' || conv_id, message = '""', text = '""', result = NULL, error = ? WHERE conv_id = ?`,
  );
  const forgetEvents = database.prepare('DELETE FROM event WHERE conv_id = ?');
  const newestEnded = database.prepare(
    `SELECT * FROM turn WHERE conv_id NOT LIKE 'deleted:%' AND seq IN
       (SELECT max(seq) FROM turn WHERE state NOT IN ('queued', 'running', 'waiting') AND ended_at IS NOT NULL GROUP BY conv_id)`,
  );
  const newest = database.prepare(
    `SELECT conv_id, created_at, started_at, options,
            (SELECT session_id FROM turn AS t WHERE t.conv_id = turn.conv_id AND session_id IS NOT NULL ORDER BY seq DESC LIMIT 1) AS session_id
     FROM turn WHERE seq IN (SELECT max(seq) FROM turn GROUP BY conv_id) AND conv_id NOT LIKE 'deleted:%'`,
  );
  const get = (id: string) => toTurn(byId.get(id) as Row | undefined);

  function findByKey(key: string, fingerprint: string): Turn | null {
    const known = byKey.get(key) as (Row & { fingerprint: string }) | undefined;
    if (known && known.fingerprint !== fingerprint) {
      throw new AppError('idempotency_mismatch', `The Idempotency-Key was used for turn ${known.id}, which is another request.`, {
        field: 'Idempotency-Key',
      });
    }
    return toTurn(known);
  }

  return {
    byKey: findByKey,
    accept(turn, key, fingerprint) {
      const known = key === null ? null : findByKey(key, fingerprint);
      if (known) return { turn: known, isNew: false };
      database.durably(() => {
        insert.run(turn.id, turn.conv_id, JSON.stringify(turn.message), JSON.stringify(turn.options), key, fingerprint, turn.created_at);
        events.write([{ type: 'turn.queued', conv_id: turn.conv_id, turn_id: turn.id, at: turn.created_at, message: clip(turn.message, 2000).text }]);
      });
      events.announce();
      return { turn: get(turn.id) as Turn, isNew: true };
    },
    start(id, sessionId, at) {
      const turn = get(id) as Turn;
      database.durably(() => {
        start.run(sessionId, at, id);
        events.write([{ type: 'turn.started', conv_id: turn.conv_id, turn_id: id, at, session_id: sessionId }]);
      });
      events.announce();
    },
    withProcess: () => (withProcess.all() as Row[]).map((row) => toTurn(row) as Turn),
    noteProcess(id, pid, pidStart) {
      database.transact(() => noteProcess.run(pid, pidStart, id));
    },
    end(id, value, event) {
      const { state, text, result, error, ended_at } = value;
      database.durably(() => {
        end.run(state, JSON.stringify(text), result && JSON.stringify(result), error && JSON.stringify(error), ended_at, id);
        events.write([event]);
      });
      events.announce();
    },
    get,
    inState: (state) => (byState.all(state) as Row[]).map((row) => toTurn(row) as Turn),
    lastEnded: (convId) => toTurn(lastEnded.get(convId) as Row | undefined),
    forget(convId) {
      database.durably(() => {
        const gone: TurnFailure = { code: 'conversation_not_found', detail: `Conversation ${convId} was deleted.` };
        forget.run(JSON.stringify(gone), convId);
        forgetEvents.run(convId);
      });
      events.drop(convId);
    },
    newestEnded: () => (newestEnded.all() as Row[]).map((row) => toTurn(row) as Turn),
    newest: () => (newest.all() as Row[]).map((row) => ({ ...row, options: JSON.parse(row.options) }) as ReturnType<TurnStore['newest']>[number]),
  };
}

function toTurn(row: Row | undefined): Turn | null {
  if (!row) return null;
  return {
    id: row.id as string,
    conv_id: row.conv_id as string,
    message: JSON.parse(row.message as string),
    options: JSON.parse(row.options),
    state: row.state as Turn['state'],
    session_id: row.session_id,
    pid: row.pid,
    pid_start: row.pid_start,
    text: JSON.parse(row.text as string),
    result: row.result === null ? null : JSON.parse(row.result as string),
    error: row.error === null ? null : JSON.parse(row.error as string),
    created_at: row.created_at as string,
    started_at: row.started_at,
    ended_at: row.ended_at,
  };
}
