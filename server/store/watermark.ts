import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { describeFileFault, keepAside, type NoteFault } from '../util/file-fault.ts';

/**
 * Which journal a data folder has, and how many durable changes it had: kept beside the journal, so that a
 * journal (or its log) that was cut, replaced or removed is noticed. It is written after each durable change
 * without a sync: after a loss of power it can be older than the journal, and never newer.
 */
export type Watermark = { dataId: number; changes: number };

export const watermarkName = 'journal.mark';

/** All lines have one length, so that one write replaces the one before. */
const width = 40;
const shape = /^(\d{1,16}) (\d{1,16}) *\n$/;

export function readWatermark(file: string): Watermark | 'damaged' | null {
  try {
    const [, dataId, changes] = shape.exec(readFileSync(file, 'latin1')) ?? [];
    return dataId && changes ? { dataId: Number(dataId), changes: Number(changes) } : 'damaged';
  } catch {
    return lstatSync(file, { throwIfNoEntry: false }) ? 'damaged' : null;
  }
}

/**
 * Opens the file for writing; one that cannot be written is renamed. Without it the server runs, but notices
 * less.
 */
export function createWatermark(
  file: string,
  note: NoteFault,
): { write(mark: Watermark): void; close(): void } {
  let handle: number | null = null;
  let isHopeless = false;
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;

  function open(): number {
    try {
      return openSync(file, flags, 0o600);
    } catch (error) {
      if (!lstatSync(file, { throwIfNoEntry: false })) throw error;
      note(
        file,
        `${describeFileFault(file, error)}. It is kept as ${basename(keepAside(file))}, and written again.`,
      );
      return openSync(file, flags, 0o600);
    }
  }

  function close(): void {
    if (handle !== null) closeSync(handle);
    handle = null;
  }

  return {
    write({ dataId, changes }) {
      if (isHopeless) return;
      try {
        // Removed since: what is written must be found again.
        if (handle !== null && fstatSync(handle).nlink === 0) close();
        handle ??= open();
        writeSync(handle, `${`${dataId} ${changes}`.padEnd(width - 1)}\n`, 0, 'latin1');
      } catch (error) {
        close();
        isHopeless = true;
        note(
          file,
          `${describeFileFault(file, error)}. Until the next start a loss of journal entries would ` +
            'not be noticed.',
        );
      }
    },
    close,
  };
}
