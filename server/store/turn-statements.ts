import { endedStates } from '../../contract/turn-state.ts';
import type { Database } from './database.ts';

const ended = `state IN (${endedStates.map((state) => `'${state}'`).join(', ')})`;

/** The statements that change turns. */
export function prepareTurnWrites(database: Database) {
  return {
    insert: database.prepare(
      `INSERT INTO turn (id, conv_id, message, options, state, idempotency_key, fingerprint, created_at, origin, session_id, started_at, rank)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(rank), 0) + 1 FROM turn))`,
    ),
    start: database.prepare(
      "UPDATE turn SET state = 'running', session_id = ?, started_at = ?, steers = ? WHERE id = ?",
    ),
    requeue: database.prepare(
      "UPDATE turn SET state = 'queued', started_at = NULL, steers = NULL WHERE id = ?",
    ),
    change: database.prepare('UPDATE turn SET message = ?, options = ? WHERE id = ?'),
    place: database.prepare('UPDATE turn SET rank = ? WHERE id = ?'),
    end: database.prepare(
      `UPDATE turn SET state = ?, text = ?, result = ?, error = ?, ended_at = ?, final_session_id = ?, spent_usd = ?,
       context = ? WHERE id = ?`,
    ),
    // The rows stay, without what was said: an Idempotency-Key must never run a message again. No id has a colon.
    forget: database.prepare(
      `UPDATE turn SET conv_id = 'deleted:' || conv_id, message = '""', text = '""', options = '{}', result = NULL, error = ? WHERE conv_id = ?`,
    ),
    forgetEvents: database.prepare('DELETE FROM event WHERE conv_id = ?'),
    forgetPrompts: database.prepare('DELETE FROM prompt WHERE conv_id = ?'),
  };
}

/** The statements that read turns. */
export function prepareTurnReads(database: Database) {
  return {
    byId: database.prepare('SELECT * FROM turn WHERE id = ?'),
    byKey: database.prepare('SELECT * FROM turn WHERE idempotency_key = ?'),
    byState: database.prepare('SELECT * FROM turn WHERE state = ? ORDER BY rank'),
    completedIn: database.prepare(
      "SELECT 1 FROM turn WHERE final_session_id = ? AND state = 'completed' LIMIT 1",
    ),
    begunIn: database.prepare('SELECT 1 FROM turn WHERE session_id = ? LIMIT 1'),
    spentSince: database.prepare('SELECT coalesce(sum(spent_usd), 0) AS usd FROM turn WHERE ended_at >= ?'),
    spentBy: database.prepare('SELECT conv_id, sum(spent_usd) AS usd FROM turn GROUP BY conv_id'),
    countBy: database.prepare('SELECT state, count(*) AS count FROM turn GROUP BY state'),
    lastEnded: database.prepare(
      `SELECT * FROM turn WHERE conv_id = ? AND ${ended} ORDER BY ended_at DESC, seq DESC LIMIT 1`,
    ),
    endedBetween: database.prepare(
      `SELECT id AS turn_id, state, started_at, ended_at, spent_usd AS cost_usd,
       (SELECT json_group_array(value ->> 'name') FROM json_each(options, '$.attachments')) AS names FROM turn
     WHERE conv_id = ? AND ${ended} AND started_at IS NOT NULL AND ended_at >= ? AND started_at <= ? ORDER BY started_at`,
    ),
    // SQLite takes the other columns from the row that has the maximum.
    newestStarted: database.prepare(
      `SELECT conv_id, session_id, final_session_id, max(started_at) AS started_at FROM turn
     WHERE started_at IS NOT NULL AND conv_id NOT LIKE 'deleted:%' GROUP BY conv_id`,
    ),
    newest: database.prepare(
      `SELECT conv_id, created_at, started_at, options,
            (SELECT coalesce(final_session_id, session_id) FROM turn AS t
             WHERE t.conv_id = turn.conv_id AND session_id IS NOT NULL ORDER BY seq DESC LIMIT 1) AS session_id
     FROM turn WHERE seq IN (SELECT max(seq) FROM turn GROUP BY conv_id) AND conv_id NOT LIKE 'deleted:%'`,
    ),
  };
}
