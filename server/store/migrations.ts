/**
 * Fills the column `is_detail` of events that older versions wrote. The type is the first field of `data`,
 * which is not parsed: a damaged row must not keep the journal from opening.
 */
export const markDetails = `UPDATE event SET is_detail = 1 WHERE substr(data, 1, instr(data, ',') - 1) IN (
     '{"type":"text.delta"', '{"type":"thinking.delta"', '{"type":"message"',
     '{"type":"tool.started"', '{"type":"tool.finished"', '{"type":"usage"'
   );`;

/** A turn waits while a prompt of it is open. Older versions also stored that as its state. */
export const resetWaiting = "UPDATE turn SET state = 'running' WHERE state = 'waiting';";

/**
 * The SQL that brings the tables from each version to the next; a released entry never changes.
 * Messages and other texts are stored as JSON text: a bare NUL would end a text column of SQLite early.
 */
export const migrations: readonly string[] = [
  `CREATE TABLE turn (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     conv_id TEXT NOT NULL,
     message TEXT NOT NULL,
     options TEXT NOT NULL,
     state TEXT NOT NULL,
     idempotency_key TEXT UNIQUE,
     fingerprint TEXT NOT NULL,
     session_id TEXT,
     pid INTEGER,
     pid_start TEXT,
     text TEXT NOT NULL DEFAULT '""',
     result TEXT,
     error TEXT,
     created_at TEXT NOT NULL,
     started_at TEXT,
     ended_at TEXT
   );
   CREATE INDEX turn_by_state ON turn (state) WHERE state IN ('queued', 'running', 'waiting');
   CREATE INDEX turn_by_conversation ON turn (conv_id, seq);
   CREATE TABLE event (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     conv_id TEXT NOT NULL,
     turn_id TEXT,
     data TEXT NOT NULL
   );
   CREATE INDEX event_by_conversation ON event (conv_id, id);
   CREATE INDEX event_by_turn ON event (turn_id, id);
   CREATE TABLE credential (
     id TEXT PRIMARY KEY,
     kind TEXT NOT NULL,
     hash TEXT NOT NULL UNIQUE,
     label TEXT NOT NULL,
     created_at TEXT NOT NULL,
     last_used_at TEXT NOT NULL
   );`,
  `ALTER TABLE turn ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
   UPDATE turn SET rank = seq;
   ALTER TABLE turn ADD COLUMN origin TEXT NOT NULL DEFAULT 'message';
   ALTER TABLE turn ADD COLUMN steers TEXT;
   ALTER TABLE turn ADD COLUMN final_session_id TEXT;
   UPDATE turn SET final_session_id = json_extract(result, '$.session_id') WHERE result IS NOT NULL;
   ALTER TABLE turn ADD COLUMN spent_usd REAL NOT NULL DEFAULT 0;
   CREATE INDEX turn_by_final_session ON turn (final_session_id, seq);
   CREATE INDEX turn_by_session ON turn (session_id);
   CREATE INDEX turn_by_end ON turn (ended_at);
   CREATE TABLE process (mark TEXT PRIMARY KEY, pid INTEGER, pid_start TEXT);
   INSERT INTO process SELECT id, pid, pid_start FROM turn WHERE pid IS NOT NULL OR state = 'running';
   ALTER TABLE turn DROP COLUMN pid;
   ALTER TABLE turn DROP COLUMN pid_start;
   CREATE TABLE prompt (
     id TEXT PRIMARY KEY,
     conv_id TEXT NOT NULL,
     turn_id TEXT NOT NULL,
     data TEXT NOT NULL,
     outcome TEXT,
     reply TEXT
   );
   CREATE INDEX prompt_open ON prompt (id) WHERE outcome IS NULL;
   CREATE TABLE rule (id TEXT PRIMARY KEY, data TEXT NOT NULL);
   CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT NOT NULL);
   CREATE TABLE live (conv_id TEXT PRIMARY KEY, tasks TEXT NOT NULL);
   CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL);`,
  `CREATE TABLE push_device (
     id TEXT PRIMARY KEY,
     url TEXT NOT NULL UNIQUE,
     credential_id TEXT,
     data TEXT NOT NULL
   );
   CREATE TABLE push_setting (name TEXT PRIMARY KEY, data TEXT NOT NULL);
   CREATE TABLE push_delivery (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     device_id TEXT NOT NULL,
     data TEXT NOT NULL
   );
   CREATE INDEX push_delivery_by_device ON push_delivery (device_id, id);
   CREATE TABLE push_action (
     hash TEXT PRIMARY KEY,
     prompt_id TEXT NOT NULL,
     conv_id TEXT NOT NULL,
     decision TEXT NOT NULL
   );
   CREATE INDEX push_action_by_prompt ON push_action (prompt_id);`,
  `CREATE TABLE undo (
     turn_id TEXT PRIMARY KEY,
     top TEXT NOT NULL,
     before_tree TEXT NOT NULL,
     after_tree TEXT,
     at TEXT NOT NULL
   );
   CREATE INDEX undo_by_top ON undo (top, at);`,
  `CREATE TABLE archive (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     session_id TEXT NOT NULL,
     is_open INTEGER NOT NULL,
     data TEXT NOT NULL
   );
   CREATE INDEX archive_open ON archive (seq) WHERE is_open = 1;`,
  'CREATE INDEX archive_by_session ON archive (session_id, seq);',
  `ALTER TABLE event ADD COLUMN is_detail INTEGER NOT NULL DEFAULT 0;
   ${markDetails}`,
  `ALTER TABLE turn ADD COLUMN context TEXT;
   ${resetWaiting}`,
];
