import { AppError } from '../app-error.ts';

type SqliteError = Error & { code?: string };

/** SQLite's codes for a disk that does not take, or does not give, what is written. */
const diskCodes = /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|NOMEM|PERM|AUTH|NOLFS|TOOBIG)/;
const damageCodes = /^SQLITE_(CORRUPT|NOTADB|FORMAT)/;
const busyCodes = /^SQLITE_(BUSY|LOCKED)/;

/** What a person can do about a damaged journal. */
export const repairWords = 'Stop the server and run `switchboard repair-store`, which keeps the damaged file';

export const isBusy = (error: unknown): boolean => busyCodes.test((error as SqliteError).code ?? '');

/** No page of the file is one of a database: nothing can be read from it. */
export const isNoDatabase = (error: unknown): boolean =>
  /^SQLITE_NOTADB/.test((error as SqliteError).code ?? '');

/** Whether SQLite, or what was stored, is damaged. Also for errors that `toStorageError` has made. */
export function isDamage(error: unknown): boolean {
  const { code, message } = error as SqliteError;
  if (error instanceof AppError)
    return error.code === 'storage_unavailable' && error.cause !== undefined && isDamage(error.cause);
  return (
    error instanceof SyntaxError || damageCodes.test(code ?? '') || /malformed database schema/.test(message)
  );
}

/**
 * The one place in which an error of SQLite becomes one that a client is meant to see. What is not a fault of
 * the disk or of the file comes back as it is: it is a fault of ours.
 */
export function toStorageError(error: unknown, file: string): unknown {
  const { code = '', message } = error as SqliteError;
  const make = (detail: string) => new AppError('storage_unavailable', detail, { cause: error });
  if (error instanceof AppError) return error;
  if (isDamage(error)) return make(`The journal ${file} is damaged: ${message}. ${repairWords}.`);
  if (diskCodes.test(code)) return make(`The journal ${file} cannot be used: ${message}.`);
  return busyCodes.test(code) ? make(`The journal ${file} is locked by another program: ${message}.`) : error;
}

/** Reads what a store has written as JSON. Throws AppError `storage_unavailable` if it is damaged. */
export function parseStored<T>(text: string): T {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError(
      'storage_unavailable',
      `A row of the journal is damaged: ${(error as Error).message}. ${repairWords}.`,
      { cause: error },
    );
  }
}
