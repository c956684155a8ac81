import { AppError } from '../app-error.ts';
import { isExhaustion } from './exhaustion.ts';
import { describeFileFault, isForbidden } from './file-fault.ts';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException | null)?.code ?? '';

/** Whether an error says that a file does not exist. Every other error means only that it cannot be read now. */
export const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));

/** For the `catch` of a read: returns `instead` if the file does not exist, and throws every other error. */
export const ifMissing =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (isMissing(error)) return instead;
    throw error;
  };

/** Like `ifMissing`, but a file that this user may not read counts as missing too: it may be another user's. */
export const ifMissingOrForbidden =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (isMissing(error) || isForbidden(error)) return instead;
    throw error;
  };

/** Turns an error of the file system into one for a person. Null for any other error and for an exhausted machine. */
export function toFileError(error: unknown): AppError | null {
  const { code, path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (!code || !syscall || !path || isExhaustion(error)) return null;
  return new AppError('file_unavailable', `${describeFileFault(path, error)}.`, { cause: error });
}

/**
 * For a read whose failure means only that nothing was found, except on an exhausted machine: there it can succeed in
 * a moment.
 */
export const unlessExhausted =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (isExhaustion(error)) throw error;
    return instead;
  };
