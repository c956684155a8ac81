import { join } from 'node:path';
import type Libsql from 'libsql';
import { AppError } from '../app-error.ts';
import type { NoteFault } from '../util/file-fault.ts';
import type { Database, Statement } from './database-type.ts';
import { findDamage, type OpenJournal } from './open-journal.ts';
import { createPresence, type Presence } from './presence.ts';
import { freeLock, rescueJournal } from './rescue.ts';
import { isDamage, toStorageError } from './sqlite-error.ts';
import { createLockedStandIn } from './stand-in.ts';
import { createWatermark, watermarkName } from './watermark.ts';

/** Thrown after the end of a server, as for a process that leaves late or an unawaited write. */
class DatabaseClosedError extends Error {
  override name = 'DatabaseClosedError';
}

/** At this size the log is written into the file. */
const checkpointBytes = 4_000_000;

export type JournalDatabaseDeps = {
  folder: string;
  journal: OpenJournal;
  note: NoteFault;
  /** Ends the claim on the data folder. */
  release(): void;
};

/** The journal while it can be used. */
export class JournalDatabase implements Database {
  readonly standIn = null;
  readonly createdMs: number;
  readonly #sqlite: Libsql.Database;
  readonly #file: string;
  readonly #dataId: number;
  readonly #note: NoteFault;
  readonly #release: () => void;
  readonly #watermark: ReturnType<typeof createWatermark>;
  readonly #presence: Presence;
  readonly #countChange: Libsql.Statement;
  #checkpointAt = checkpointBytes;
  #isOpen = true;
  /** The last refusal of the disk, until a write succeeds. */
  #diskTrouble: string | null = null;
  /** Once a page was found damaged, nothing is written any more. */
  #damage: string | null = null;

  constructor({ folder, journal, note, release }: JournalDatabaseDeps) {
    const { sqlite, file, dataId, changes, createdMs } = journal;
    this.#sqlite = sqlite;
    this.#file = file;
    this.#dataId = dataId;
    this.#note = note;
    this.#release = release;
    this.createdMs = createdMs;
    this.#watermark = createWatermark(join(folder, watermarkName), note);
    this.#watermark.write({ dataId, changes });
    this.#presence = createPresence({ journal: file, log: `${file}-wal` });
    this.#countChange = sqlite.prepare(
      "UPDATE mark SET value = value + 1 WHERE name = 'changes' RETURNING value",
    );
  }

  prepare(sql: string): Statement {
    const statement = this.#guard(() => this.#sqlite.prepare(sql));
    const guarded =
      <A extends unknown[], R>(call: (...values: A) => R) =>
      (...values: A): R =>
        this.#guard(() => call.apply(statement, values));
    return { run: guarded(statement.run), get: guarded(statement.get), all: guarded(statement.all) };
  }

  transact<T>(work: () => T): T {
    this.requireUsable();
    try {
      return this.#guard(() => {
        this.#sqlite.exec('BEGIN IMMEDIATE');
        const result = work();
        this.#sqlite.exec('COMMIT');
        this.#diskTrouble = null;
        return result;
      });
    } catch (error) {
      if (this.#sqlite.inTransaction) this.#sqlite.exec('ROLLBACK');
      if (error instanceof AppError && error.code === 'storage_unavailable')
        this.#diskTrouble = error.message;
      throw error;
    } finally {
      // Every change comes this way: whatever else writes into the log is another program.
      if (!this.#damage) this.#presence.acceptLog();
    }
  }

  durably<T>(work: () => T): T {
    this.#requireOpen();
    // NORMAL does not sync the log at a commit; an acknowledged message must survive a power cut.
    this.#sqlite.pragma('synchronous = FULL');
    try {
      const { result, changes } = this.transact(() => ({
        result: work(),
        changes: (this.#countChange.get() as { value: number }).value,
      }));
      this.#watermark.write({ dataId: this.#dataId, changes });
      return result;
    } finally {
      this.#sqlite.pragma('synchronous = NORMAL');
    }
  }

  requireUsable(): void {
    this.#requireOpen();
    const fault = this.#findFault();
    if (fault) throw new AppError('storage_unavailable', `${fault}.`.replace(/\.\.$/, '.'));
  }

  trouble(): string | null {
    return this.#isOpen ? (this.#findFault() ?? this.#diskTrouble) : this.#diskTrouble;
  }

  seal(): void {}

  toStandIn(reason: string): Database {
    this.#isOpen = false;
    this.#watermark.close();
    this.#note(this.#file, reason);
    return createLockedStandIn(reason, this.#sqlite, this.#release);
  }

  dispose(): void {
    this.#isOpen = false;
    this.#watermark.close();
    this.#findFault();
    const { fault, isLogTouched } = this.#presence.look();
    // Closing would write an overwritten log into the journal. The next start drops its damaged part, and
    // reports it.
    if (!(this.#damage && isLogTouched)) this.#close(fault);
    this.#release();
  }

  #close(fault: string | null): void {
    const options = { note: this.#note, isOwnLog: this.#presence.isOwnLog };
    if (fault) rescueJournal(this.#sqlite, this.#file, fault, options);
    else freeLock(this.#sqlite);
    this.#sqlite.close();
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw new DatabaseClosedError('The database is closed.');
  }

  /** Passes every fault of SQLite on as an error for clients. */
  #guard<T>(work: () => T): T {
    this.#requireOpen();
    try {
      return work();
    } catch (error) {
      this.#noteDamage(error);
      throw toStorageError(error, this.#file);
    }
  }

  /** What is wrong now, including what other programs have done to the file. */
  #findFault(): string | null {
    if (this.#damage) return this.#damage;
    const { fault, isTouched, logSize } = this.#presence.look();
    if (fault) return `${fault}: put it back, or start the server again. Nothing new is accepted until then`;
    if (isTouched) this.#checkTouchedFile();
    const isCheckpointDue = logSize > this.#checkpointAt && !this.#sqlite.inTransaction;
    if (!this.#damage && isCheckpointDue) this.#checkpoint(logSize);
    return this.#damage;
  }

  /** Another program has written into the file: checks if it is still our journal. */
  #checkTouchedFile(): void {
    try {
      // What is in memory would hide the change.
      this.#sqlite.pragma('shrink_memory');
      const damage = findDamage(this.#sqlite, this.#file);
      if (damage) throw Object.assign(new Error(damage), { code: 'SQLITE_CORRUPT' });
      this.#presence.accept();
    } catch (error) {
      this.#noteDamage(error);
    }
  }

  #checkpoint(logSize: number): void {
    try {
      this.#sqlite.pragma('wal_checkpoint(TRUNCATE)');
      this.#checkpointAt = checkpointBytes;
    } catch (error) {
      this.#noteDamage(error);
      // On a full disk it is tried again when the log has grown by as much.
      this.#checkpointAt = logSize + checkpointBytes;
    }
    this.#presence.accept();
  }

  #noteDamage(error: unknown): void {
    if (this.#damage || !isDamage(error)) return;
    this.#damage = (toStorageError(error, this.#file) as Error).message;
    this.#note(this.#file, this.#damage);
  }
}
