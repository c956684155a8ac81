import { type FileHandle, open } from 'node:fs/promises';
import { AppError } from '../app-error.ts';
import { isExhaustion } from '../util/exhaustion.ts';
import { isMissing } from '../util/file-error.ts';
import { describeFileFault } from '../util/file-fault.ts';

/**
 * The error for a transcript that exists and cannot be read: it may be intact, so no new session may start in its
 * place. A CLI that was run with sudo once leaves files that this user may not read.
 */
export function toTranscriptError(path: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (!code || !syscall || isMissing(error) || isExhaustion(error)) return error;
  return new AppError('transcript_unreadable', `${describeFileFault(path, error)}.`, { cause: error });
}

/** Opens a transcript for reading. Throws AppError `transcript_unreadable` if it exists and cannot be opened. */
export async function openTranscript(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw toTranscriptError(path, error);
  }
}
