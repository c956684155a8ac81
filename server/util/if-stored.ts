import { AppError } from '../app-error.ts';

/** What the journal says, or `fallback` while it cannot be read: for answers that are of use without it. */
export function ifStored<T>(read: () => T, fallback: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof AppError && error.code === 'storage_unavailable') return fallback;
    throw error;
  }
}
