import { randomInt } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type Libsql from 'libsql';
import { AppError } from '../app-error.ts';
import { describeFileFault, type NoteFault } from '../util/file-fault.ts';
import { DataFolderError } from './data-folder-error.ts';
import type { Database, Statement } from './database-type.ts';
import { createFolderOwner } from './folder-owner.ts';
import { findDamage, inUse, type OpenJournal, openJournal } from './open-journal.ts';
import { createPresence } from './presence.ts';
import { isDamage, toStorageError } from './sqlite-error.ts';
import { createStandIn } from './stand-in.ts';
import { createWatermark, watermarkName } from './watermark.ts';

export type { Database, Statement };

/** What comes after the end of a server: a process that leaves late, a write that nobody waits for. */
class DatabaseClosedError extends Error {
  override name = 'DatabaseClosedError';
}

/** The log is written into the file when it has grown so large. */
const checkpointBytes = 4_000_000;

export type DatabaseOptions = {
  /** Start with an empty journal although there was one. */
  acceptEmpty?: boolean;
  note?: NoteFault;
  /** Where it is noted outside of the data folder who uses it. */
  stateFolder?: string | null;
};

/** Opens the journal in the data folder, makes it if the folder is new, and keeps other servers out. */
export function openDatabase(
  folder: string,
  { acceptEmpty = false, note = () => {}, stateFolder = null }: DatabaseOptions = {},
): Database {
  const owner = createFolderOwner({ folder, stateFolder });
  const other = owner.other();
  if (other) throw inUse(folder, other);
  const isMissing = !lstatSync(folder, { throwIfNoEntry: false });
  if (!(isMissing && owner.wasUsed && !acceptEmpty)) makeFolder(folder);
  const journal = openJournal({
    folder,
    acceptEmpty,
    wasUsed: owner.wasUsed,
    note,
    lockedBy: owner.noted,
    newDataId: () => randomInt(1, 2 ** 47),
    now: () => new Date(),
  });
  owner.claim(journal.dataId || null, (text) => note(folder, text));
  const release = () => owner.release(journal.dataId || null);
  if (!journal.unusable) return createDatabase(folder, journal, note, release);
  note(journal.file, journal.unusable);
  return createStandIn(journal.unusable, lockOf(journal.sqlite, release));
}

/** A journal that cannot be used still keeps other servers out. */
const lockOf = (sqlite: Libsql.Database, release: () => void) => ({
  dispose() {
    sqlite.close();
    release();
  },
});

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Said of the folder, or it would be said of one of its files after the other.
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const fault = lstatSync(folder, { throwIfNoEntry: false })?.isFile()
      ? `${folder} is a file`
      : describeFileFault(folder, error, { isFolder: true });
    throw new DataFolderError(
      `The data folder ${folder} cannot be used: ${fault}. Make it writable or set SESSIONS_DIR.`,
      { cause: error },
    );
  }
}

function createDatabase(
  folder: string,
  { sqlite, file, dataId, changes, createdMs }: OpenJournal,
  note: NoteFault,
  release: () => void,
): Database {
  const watermark = createWatermark(join(folder, watermarkName), note);
  watermark.write({ dataId, changes });
  const presence = createPresence({ journal: file, log: `${file}-wal` });
  const bump = sqlite.prepare("UPDATE mark SET value = value + 1 WHERE name = 'changes' RETURNING value");
  let checkpointAt = checkpointBytes;
  let isOpen = true;
  let diskTrouble: string | null = null;
  /** Once a page was found damaged nothing is written any more. */
  let damage: string | null = null;

  function checkOpen(): void {
    if (!isOpen) throw new DatabaseClosedError('The database is closed.');
  }

  /** What is wrong now. Looks for what other programs do to the file. */
  function fault(): string | null {
    if (damage) return damage;
    const { fault: lost, isTouched, logSize } = presence.look();
    if (lost) return `${lost}: put it back, or start the server again. Nothing new is accepted until then`;
    if (isTouched) verify();
    if (!damage && logSize > checkpointAt && !sqlite.inTransaction) checkpoint(logSize);
    return damage;
  }

  /** Another program has written into the file: is it still ours? */
  function verify(): void {
    try {
      // What is in memory would hide it.
      sqlite.pragma('shrink_memory');
      const found = findDamage(sqlite, file);
      if (found) throw Object.assign(new Error(found), { code: 'SQLITE_CORRUPT' });
      presence.accept();
    } catch (error) {
      noteDamage(error);
    }
  }

  function checkpoint(logSize: number): void {
    try {
      sqlite.pragma('wal_checkpoint(TRUNCATE)');
      checkpointAt = checkpointBytes;
    } catch (error) {
      noteDamage(error);
      // On a full disk it is tried again when the log has grown by as much.
      checkpointAt = logSize + checkpointBytes;
    }
    presence.accept();
  }

  function noteDamage(error: unknown): void {
    if (damage || !isDamage(error)) return;
    damage = (toStorageError(error, file) as Error).message;
    note(file, damage);
  }

  function requireUsable(): void {
    checkOpen();
    const found = fault();
    if (found) throw new AppError('storage_unavailable', `${found}.`.replace(/\.\.$/, '.'));
  }

  /** Every fault of SQLite leaves through here. */
  function guard<T>(work: () => T): T {
    checkOpen();
    try {
      return work();
    } catch (error) {
      noteDamage(error);
      throw toStorageError(error, file);
    }
  }

  function prepare(sql: string): Statement {
    const statement = guard(() => sqlite.prepare(sql));
    const guarded =
      <A extends unknown[], R>(call: (...values: A) => R) =>
      (...values: A): R =>
        guard(() => call.apply(statement, values));
    return { run: guarded(statement.run), get: guarded(statement.get), all: guarded(statement.all) };
  }

  function transact<T>(work: () => T): T {
    requireUsable();
    try {
      return guard(() => {
        sqlite.exec('BEGIN IMMEDIATE');
        const result = work();
        sqlite.exec('COMMIT');
        diskTrouble = null;
        return result;
      });
    } catch (error) {
      if (sqlite.inTransaction) sqlite.exec('ROLLBACK');
      if (error instanceof AppError && error.code === 'storage_unavailable') diskTrouble = error.message;
      throw error;
    } finally {
      // Every change comes this way: whatever else writes into the log is another program.
      if (!damage) presence.acceptLog();
    }
  }

  function durably<T>(work: () => T): T {
    checkOpen();
    // NORMAL does not sync the log at a commit; a message that was acknowledged must outlive a power cut.
    sqlite.pragma('synchronous = FULL');
    try {
      const { result, value } = transact(() => ({
        result: work(),
        value: (bump.get() as { value: number }).value,
      }));
      watermark.write({ dataId, changes: value });
      return result;
    } finally {
      sqlite.pragma('synchronous = NORMAL');
    }
  }

  return {
    prepare,
    transact,
    durably,
    requireUsable,
    trouble: () => (isOpen ? (fault() ?? diskTrouble) : diskTrouble),
    standIn: null,
    seal: () => {},
    toStandIn(reason) {
      isOpen = false;
      watermark.close();
      note(file, reason);
      return createStandIn(reason, lockOf(sqlite, release));
    },
    createdMs,
    dispose() {
      isOpen = false;
      watermark.close();
      fault();
      const { fault: lost, isLogTouched } = presence.look();
      // Closing would write an overwritten log into the journal. The next start drops its damaged part, and says so.
      if (damage && isLogTouched) return release();
      if (lost) rescue(sqlite, file, lost, { note, isOwnLog: presence.isOwnLog });
      else leave(sqlite);
      sqlite.close();
      release();
    },
  };
}

/** Closing leaves the lock in place while a statement is not collected; leaving the log frees it now. */
function leave(sqlite: Libsql.Database): void {
  try {
    sqlite.pragma('journal_mode = DELETE');
    sqlite.pragma('locking_mode = NORMAL');
    sqlite.prepare('SELECT count(*) FROM turn').get();
  } catch {
    // On a disk that takes nothing the lock goes with the process.
  }
}

/** What was removed while it was open is still whole: it is written out once more. */
function rescue(
  sqlite: Libsql.Database,
  file: string,
  lost: string,
  { note, isOwnLog }: { note: NoteFault; isOwnLog(path: string): boolean },
): void {
  if (!existsSync(dirname(file))) return;
  const copy = `${file}.rescued-${new Date().toISOString().replaceAll(':', '-')}`;
  try {
    // Made by us first, so that it is never readable by others.
    closeSync(openSync(copy, 'wx', 0o600));
    sqlite.prepare('VACUUM INTO ?').run(copy);
    // The log is in the copy, and would be taken for that of another journal.
    if (isOwnLog(`${file}-wal`)) rmSync(`${file}-wal`);
    const isFree = ['', '-wal'].every((end) => !lstatSync(file + end, { throwIfNoEntry: false }));
    if (isFree) renameSync(copy, file);
    note(file, `${lost}. What it held was written to ${isFree ? file : copy}.`);
  } catch (error) {
    rmSync(copy, { force: true });
    note(file, `${lost}. What it held could not be written again: ${(error as Error).message}.`);
  }
}
