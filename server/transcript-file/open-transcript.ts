import { type FileHandle, open } from 'node:fs/promises';
import { AppError } from '../app-error.ts';
import { describeFileFault } from '../util/file-fault.ts';

/**
 * Opens a transcript for reading. Throws AppError `transcript_unreadable` if this user may not read it: a CLI
 * that was run with sudo once leaves such files, and they are intact.
 */
export async function openTranscript(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new AppError('transcript_unreadable', `${describeFileFault(path, error)}.`, { cause: error });
  }
}
