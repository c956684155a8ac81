import type { NoteFault } from '../util/file-fault.ts';

/** What a person must know about files of the data folder: what was damaged, lost or renamed. */
export type StorageNote = { file: string; text: string; at: string };

/** No more are kept: a fault that comes again and again says nothing new. */
const maxNotes = 50;

export type StorageNotes = { add: NoteFault; all(): StorageNote[] };

/** Collects the notes of this run for the status, and logs each. */
export function createStorageNotes({
  log,
  now,
}: {
  log(file: string, text: string): void;
  now(): Date;
}): StorageNotes {
  const notes: StorageNote[] = [];
  return {
    add(file, text) {
      log(file, text);
      if (notes.length < maxNotes && !notes.some((one) => one.file === file && one.text === text)) {
        notes.push({ file, text, at: now().toISOString() });
      }
    },
    all: () => notes,
  };
}
