import { closeSync, existsSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type Libsql from 'libsql';
import type { NoteFault } from '../util/file-fault.ts';

/** Frees the lock now. Closing alone keeps it until each statement is collected; leaving the log does not. */
export function freeLock(sqlite: Libsql.Database): void {
  try {
    sqlite.pragma('journal_mode = DELETE');
    sqlite.pragma('locking_mode = NORMAL');
    sqlite.prepare('SELECT count(*) FROM turn').get();
  } catch {
    // On a disk that refuses writes the lock ends with the process.
  }
}

/** Writes a journal whose file was removed while it was open, and which is still complete, to disk again. */
export function rescueJournal(
  sqlite: Libsql.Database,
  file: string,
  fault: string,
  { note, isOwnLog }: { note: NoteFault; isOwnLog(path: string): boolean },
): void {
  if (!existsSync(dirname(file))) return;
  const copy = `${file}.rescued-${new Date().toISOString().replaceAll(':', '-')}`;
  try {
    // Created here first, so that others can never read it.
    closeSync(openSync(copy, 'wx', 0o600));
    sqlite.prepare('VACUUM INTO ?').run(copy);
    // The copy includes the log, which would be mistaken for that of another journal.
    if (isOwnLog(`${file}-wal`)) rmSync(`${file}-wal`);
    const isFree = ['', '-wal'].every((end) => !lstatSync(file + end, { throwIfNoEntry: false }));
    if (isFree) renameSync(copy, file);
    note(file, `${fault}. What it held was written to ${isFree ? file : copy}.`);
  } catch (error) {
    rmSync(copy, { force: true });
    note(file, `${fault}. What it held could not be written again: ${(error as Error).message}.`);
  }
}
