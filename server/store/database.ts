import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { AppError } from '../app-error.ts';
import { DataFolderError } from './data-folder-error.ts';

/** A statement. Each throws DatabaseClosedError after `dispose`, where libsql would end the process. */
export type Statement = Pick<Libsql.Statement, 'run' | 'get' | 'all'>;

/** What comes after the end of a server: a process that leaves late, a write that nobody waits for. */
class DatabaseClosedError extends Error {
  override name = 'DatabaseClosedError';
}

/** The one SQLite file, held by this process alone until `dispose`. */
export type Database = {
  prepare(sql: string): Statement;
  /** Runs `work` in a transaction. Throws AppError `storage_unavailable` where the disk refuses. */
  transact<T>(work: () => T): T;
  /** As `transact`, and what was written survives a loss of power. */
  durably<T>(work: () => T): T;
  /** What the disk last refused, in words, or null after the last write went well. */
  trouble(): string | null;
  dispose(): void;
};

/** Message and other texts are kept as JSON text: a bare NUL would end a text column of SQLite early. */
const migrations = [
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
  `CREATE TABLE push_device (id TEXT PRIMARY KEY, url TEXT NOT NULL UNIQUE, credential_id TEXT, data TEXT NOT NULL);
   CREATE TABLE push_setting (name TEXT PRIMARY KEY, data TEXT NOT NULL);
   CREATE TABLE push_delivery (id INTEGER PRIMARY KEY AUTOINCREMENT, device_id TEXT NOT NULL, data TEXT NOT NULL);
   CREATE INDEX push_delivery_by_device ON push_delivery (device_id, id);
   CREATE TABLE push_action (hash TEXT PRIMARY KEY, prompt_id TEXT NOT NULL, conv_id TEXT NOT NULL, decision TEXT NOT NULL);
   CREATE INDEX push_action_by_prompt ON push_action (prompt_id);`,
  `CREATE TABLE undo (turn_id TEXT PRIMARY KEY, top TEXT NOT NULL, before_tree TEXT NOT NULL, after_tree TEXT, at TEXT NOT NULL);
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
];

/** SQLite's codes for a disk that does not take what is written. */
const diskCodes = /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|NOMEM)/;

/**
 * Opens `switchboard.db` in the data folder. The exclusive lock is the kernel's, so it is gone with the
 * process however that ended, and one data folder has one server.
 */
export function openDatabase(folder: string): Database {
  const file = join(folder, 'switchboard.db');
  const pidFile = join(folder, 'server.pid');
  let trouble: string | null = null;
  let sqlite: Libsql.Database;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Made by us first, so that it is never readable by others; the log beside it gets the same mode.
    closeSync(openSync(file, 'a', 0o600));
    sqlite = new Libsql(file, { timeout: 0 });
  } catch (error) {
    throw new DataFolderError(`The data folder ${folder} cannot be used: ${(error as Error).message}. Make it writable or set SESSIONS_DIR.`);
  }
  try {
    sqlite.pragma('locking_mode = EXCLUSIVE');
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma('synchronous = NORMAL');
    sqlite.exec('BEGIN IMMEDIATE');
    migrate(sqlite);
    sqlite.exec('COMMIT');
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    sqlite.close();
    if ((error as { code?: string }).code === 'SQLITE_BUSY') {
      const owner = readPid(pidFile);
      throw new DataFolderError(
        `Another Switchboard server (${owner ? `pid ${owner}` : 'pid unknown'}) uses the data folder ${folder}. Stop it, or set SESSIONS_DIR to another folder.`,
      );
    }
    if (/CORRUPT|NOTADB/.test((error as { code?: string }).code ?? '')) {
      const cure = 'Move it away to start without the turns that it holds; the sessions stay';
      throw new DataFolderError(`${file} is damaged: ${(error as Error).message}. ${cure}.`);
    }
    throw new DataFolderError(
      `The data folder ${folder} cannot be written: ${(error as Error).message}. Free disk space, make it writable, or set SESSIONS_DIR.`,
    );
  }

  let isOpen = true;
  function checkOpen(): void {
    if (!isOpen) throw new DatabaseClosedError('The database is closed.');
  }

  function prepare(sql: string): Statement {
    const statement = sqlite.prepare(sql);
    const guarded =
      <A extends unknown[], R>(call: (...values: A) => R) =>
      (...values: A): R => {
        checkOpen();
        return call.apply(statement, values);
      };
    return { run: guarded(statement.run), get: guarded(statement.get), all: guarded(statement.all) };
  }

  function transact<T>(work: () => T): T {
    checkOpen();
    try {
      sqlite.exec('BEGIN IMMEDIATE');
      const result = work();
      sqlite.exec('COMMIT');
      trouble = null;
      return result;
    } catch (error) {
      if (sqlite.inTransaction) sqlite.exec('ROLLBACK');
      if (!diskCodes.test((error as { code?: string }).code ?? '')) throw error;
      trouble = (error as Error).message;
      throw new AppError('storage_unavailable', `The data folder ${folder} cannot be written: ${trouble}`, { cause: error });
    }
  }

  return {
    prepare,
    transact,
    durably(work) {
      checkOpen();
      // NORMAL does not sync the log at a commit; a message that was acknowledged must outlive a power cut.
      sqlite.pragma('synchronous = FULL');
      try {
        return transact(work);
      } finally {
        sqlite.pragma('synchronous = NORMAL');
      }
    },
    trouble: () => trouble,
    dispose() {
      isOpen = false;
      try {
        // Closing leaves the lock in place while a statement is not collected; leaving the log frees it now.
        sqlite.pragma('journal_mode = DELETE');
        sqlite.pragma('locking_mode = NORMAL');
        sqlite.prepare('SELECT count(*) FROM turn').get();
      } catch {
        // On a disk that takes nothing the lock goes with the process.
      }
      sqlite.close();
    },
  };
}

function migrate(sqlite: Libsql.Database): void {
  const row = sqlite.prepare('PRAGMA user_version').get() as { user_version: number };
  for (const [index, sql] of migrations.entries()) {
    if (index < row.user_version) continue;
    sqlite.exec(sql);
    sqlite.exec(`PRAGMA user_version = ${index + 1}`);
  }
}

function readPid(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch {
    return null; // The other server may be just about to write it.
  }
}
