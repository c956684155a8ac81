import { randomInt } from 'node:crypto';
import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { describeFileFault, type NoteFault } from '../util/file-fault.ts';
import { DataFolderError } from './data-folder-error.ts';
import type { Database, Statement } from './database-type.ts';
import { createFolderOwner } from './folder-owner.ts';
import { JournalDatabase } from './journal-database.ts';
import { inUse, openJournal } from './open-journal.ts';
import { createLockedStandIn } from './stand-in.ts';

export type { Database, Statement };

export type DatabaseOptions = {
  /** Start with an empty journal although there was one. */
  acceptEmpty?: boolean;
  note?: NoteFault;
  /** Where the use of the data folder is recorded outside of it. */
  stateFolder?: string | null;
};

/** Opens the journal in the data folder, creates it if the folder is new, and locks other servers out. */
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
  if (!journal.unusable) return new JournalDatabase({ folder, journal, note, release });
  note(journal.file, journal.unusable);
  return createLockedStandIn(journal.unusable, journal.sqlite, release);
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Checked here, or each of its files would be reported in turn.
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
