import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Libsql from 'libsql';
import { describeFileFault, keepAside, type NoteFault } from '../util/file-fault.ts';
import { DataFolderError } from './data-folder-error.ts';
import { migrate, schemaVersion, versionOf } from './schema.ts';
import { isBusy, isDamage, isNoDatabase, repairWords } from './sqlite-error.ts';
import { readWatermark, watermarkName } from './watermark.ts';

export const journalName = 'switchboard.db';

/**
 * A journal of up to this size is checked at the start, page by page: 0.06 s. Of a larger one the tables
 * without the events.
 */
const maxChecked = 32_000_000;

export type OpenJournal = {
  sqlite: Libsql.Database;
  /** The file itself, links resolved. */
  file: string;
  /** Why the journal cannot be used; `sqlite` then only holds its lock. */
  unusable: string | null;
  dataId: number;
  /** How many durable changes were made. */
  changes: number;
  /** When it was made; 0 if that is not known. */
  createdMs: number;
};

export type JournalDeps = {
  folder: string;
  /** Start with an empty journal although there was one. */
  acceptEmpty: boolean;
  /** Whether it is known from elsewhere that the folder was used. */
  wasUsed: boolean;
  note: NoteFault;
  /** The process that is likely to have the lock. */
  lockedBy(): number | null;
  newDataId(): number;
  now(): Date;
};

/**
 * Opens `switchboard.db` and takes its lock, which the kernel frees with the process. A file that cannot be
 * read at all is renamed; if one is missing that existed before, a person must confirm that.
 */
export function openJournal(deps: JournalDeps): OpenJournal {
  const file = findFile(join(deps.folder, journalName));
  const log = `${file}-wal`;
  const isNew = !lstatSync(file, { throwIfNoEntry: false })?.size;
  if (isNew) begin(file, deps);
  setOddPartsAside(file, deps.note);
  const copy = copyLog(log);
  let opened: Tried;
  try {
    opened = tryOpen(file, deps, isNew);
  } catch (error) {
    if (copy) rmSync(copy, { force: true });
    throw error;
  }
  if (opened === 'lost') {
    confirmLoss(file, `${watermarkName} says that there was a journal, and ${basename(file)} is empty`, deps);
    setAside(file, deps.note, 'It is empty although there was a journal');
    opened = tryOpen(file, deps, true);
  } else if (opened === 'no database') {
    setAside(file, deps.note, 'It is damaged, and nothing can be read from it');
    opened = tryOpen(file, deps, true);
  }
  if (typeof opened === 'string') throw new DataFolderError(`${file} cannot be used: it is ${opened}.`);
  if (!opened.unusable) return { ...opened, file, ...readMarks(opened.sqlite, file, copy, deps) };
  if (copy) rmSync(copy, { force: true });
  return { ...opened, file, dataId: 0, changes: 0, createdMs: 0 };
}

/** The file itself, which SQLite puts its log beside. */
function findFile(path: string): string {
  try {
    const file = realpathSync(path);
    if (lstatSync(file).isDirectory()) throw new Error('it is a folder');
    accessSync(file, constants.R_OK | constants.W_OK);
    return file;
  } catch (error) {
    if (!lstatSync(path, { throwIfNoEntry: false })) return path;
    throw new DataFolderError(
      `${describeFileFault(path, error)}. Nothing was changed; then start the server again.`,
      { cause: error },
    );
  }
}

/** What is there only if there was a journal once, or null. */
function findTrace({ folder, wasUsed }: JournalDeps): string | null {
  const names = [watermarkName, 'server.pid', 'attachments', 'terminals', 'undo'];
  const found = names.find((name) => lstatSync(join(folder, name), { throwIfNoEntry: false }));
  if (found) return `${found} is there`;
  const mapping = ['sessions.json', 'sessions.json.bak'].find((name) =>
    /"(turns_before|settled_turn)"/.test(readText(join(folder, name))),
  );
  if (mapping) return `${mapping} names turns of it`;
  // A sessions.json alone is one of the original system, which is taken over.
  return wasUsed && !existsSync(join(folder, 'sessions.json')) ? 'a server has used it' : null;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Names the copy that an earlier server wrote when its files were removed. */
function rescuedWords(file: string): string {
  if (!existsSync(dirname(file))) return '';
  const names = readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.rescued-`));
  const newest = names.sort().at(-1);
  if (!newest) return '';
  return `An earlier server wrote what it held to ${newest}: to use that, remove ${basename(file)}-wal and rename ${newest} to ${basename(file)}. `;
}

function confirmLoss(file: string, what: string, { acceptEmpty, note }: JournalDeps): void {
  if (acceptEmpty) {
    note(file, 'There was no journal: a new one was created, as requested with --accept-empty.');
    return;
  }
  throw new DataFolderError(
    `The journal ${file} is not there, although this data folder was used before (${what}). ` +
      `If the folder is on a disk that is not mounted, or was moved, bring it back. ${rescuedWords(file)}` +
      'To start without the messages, sign-ins and rules that it held: `switchboard serve --accept-empty` ' +
      '(`npm start -- --accept-empty`). Sessions, their history and sessions.json stay as they are.',
  );
}

/** Makes the file for an empty journal. */
function begin(file: string, deps: JournalDeps): void {
  const log = `${file}-wal`;
  const hasLog = (lstatSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const trace = hasLog ? `${basename(log)} is there` : findTrace(deps);
  if (trace) confirmLoss(file, trace, deps);
  // SQLite would delete it.
  if (hasLog) setAside(file, deps.note, 'Its log was there without it');
  // Made by us first, so that it is never readable by others; the log beside it gets the same mode.
  closeSync(openSync(file, 'a', 0o600));
}

function setAside(file: string, note: NoteFault, why: string): void {
  const kept = keepAside(file, ['', '-wal', '-shm']);
  note(
    file,
    `${why}. It is kept as ${basename(kept)}, and an empty journal was begun: messages, sign-ins and ` +
      'rules that it held are gone.',
  );
  closeSync(openSync(file, 'a', 0o600));
}

/**
 * The files beside the journal: its log, and the rollback journal that SQLite writes briefly when it starts and stops
 * using a log. `isOurs` marks our copy of the log, which can be made again.
 */
const journalParts = [
  { end: '-wal', isOurs: false },
  { end: '-journal', isOurs: false },
  { end: '-wal.before', isOurs: true },
];

/** SQLite cannot open a part that is a folder, and must not follow a link. */
function setOddPartsAside(file: string, note: NoteFault): void {
  for (const { end, isOurs } of journalParts) {
    const part = file + end;
    const fault = isOurs ? null : findPartFault(part);
    if (fault) throw new DataFolderError(`${fault}. Nothing was changed; then start the server again.`);
    const stats = lstatSync(part, { throwIfNoEntry: false });
    if (stats && !stats.isFile())
      note(part, `It is not a file of ours. It is kept as ${basename(keepAside(part))}.`);
  }
}

/** Why a part that is a file cannot be used, with the fix; null if it can, or if it is not a file. */
function findPartFault(part: string): string | null {
  if (!lstatSync(part, { throwIfNoEntry: false })?.isFile()) return null;
  try {
    accessSync(part, constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    return describeFileFault(part, error);
  }
}

/** Throws DataFolderError if a part of the journal is not a file that can be used. */
export function requireUsableParts(file: string): void {
  for (const { end } of journalParts) {
    const part = file + end;
    const stats = lstatSync(part, { throwIfNoEntry: false });
    const fault =
      stats && !stats.isFile() ? `${part} is not a file of ours: move it away` : findPartFault(part);
    if (fault) throw new DataFolderError(`${fault}. Nothing was changed; then run the command again.`);
  }
}

/**
 * SQLite throws away what it cannot read of a log: a copy is kept until it is known that nothing was lost.
 */
function copyLog(log: string): string | null {
  const copy = `${log}.before`;
  try {
    if (!lstatSync(log, { throwIfNoEntry: false })?.size) return null;
    rmSync(copy, { force: true });
    copyFileSync(log, copy, constants.COPYFILE_FICLONE);
    return copy;
  } catch {
    rmSync(copy, { force: true });
    return null; // On a full disk there is none, and no part of one that takes the room.
  }
}

type Tried = Pick<OpenJournal, 'sqlite' | 'unusable'> | 'lost' | 'no database';

function tryOpen(file: string, deps: JournalDeps, isNew: boolean): Tried {
  const mark = readWatermark(join(deps.folder, watermarkName));
  let sqlite: Libsql.Database;
  try {
    sqlite = new Libsql(file, { timeout: 0 });
  } catch (error) {
    throw new DataFolderError(
      `${describeFileFault(file, error)}. Make the data folder writable or set SESSIONS_DIR.`,
      { cause: error },
    );
  }
  try {
    sqlite.pragma('locking_mode = EXCLUSIVE');
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma('synchronous = NORMAL');
    // Ours to make: a file that has changed without one was changed by another program.
    sqlite.pragma('wal_autocheckpoint = 0');
    sqlite.exec('BEGIN IMMEDIATE');
    const version = versionOf(sqlite);
    if (version > schemaVersion) {
      sqlite.exec('ROLLBACK');
      const what = `made by a newer version of Switchboard (its tables are of version ${version}, this one knows ${schemaVersion})`;
      return {
        sqlite,
        unusable: `The journal ${file} was ${what}. Update Switchboard; nothing was changed.`,
      };
    }
    if (version === 0 && !isNew && typeof mark === 'object' && mark !== null) {
      sqlite.close();
      return 'lost';
    }
    migrate(sqlite);
    sqlite.exec('COMMIT');
    const damage = findDamage(sqlite, file);
    if (damage) return { sqlite, unusable: damagedWords(file, damage) };
    // The tables are in the file itself from now on, whatever becomes of the log.
    if (isNew) sqlite.pragma('wal_checkpoint(TRUNCATE)');
    else checkpointIfRoom(sqlite);
    return { sqlite, unusable: null };
  } catch (error) {
    if (isNoDatabase(error)) {
      // Perhaps only its first page is damaged: a journal that can be repaired must not be replaced by an
      // empty one.
      if (typeof mark === 'object' && mark !== null)
        return { sqlite, unusable: damagedWords(file, 'it does not begin as a database does') };
      sqlite.close();
      return 'no database';
    }
    if (isDamage(error)) return { sqlite, unusable: damagedWords(file, (error as Error).message) };
    sqlite.close();
    throw openError(error as Error, deps);
  }
}

/** On a full disk the log stays as it is: reads work without a checkpoint, and the next one may have room. */
function checkpointIfRoom(sqlite: Libsql.Database): void {
  try {
    sqlite.pragma('wal_checkpoint(TRUNCATE)');
  } catch (error) {
    if (isDamage(error)) throw error;
  }
}

const damagedWords = (file: string, what: string) =>
  `The journal ${file} is damaged: ${what}. ${repairWords}. Sessions and history can be read meanwhile.`;

function openError(error: Error, { folder, lockedBy }: JournalDeps): DataFolderError {
  if (isBusy(error)) return inUse(folder, lockedBy());
  return new DataFolderError(
    `The data folder ${folder} cannot be written: ${error.message}. Free disk space, make it ` +
      'writable, or set SESSIONS_DIR.',
    { cause: error },
  );
}

export function inUse(folder: string, pid: number | null): DataFolderError {
  const who = pid ? `pid ${pid}` : 'pid unknown';
  return new DataFolderError(
    `Another Switchboard server (${who}) uses the data folder ${folder}. Stop it, or set ` +
      'SESSIONS_DIR to another folder.',
  );
}

/** What is wrong with the pages of the journal, in SQLite's words. */
export function findDamage(sqlite: Libsql.Database, file: string): string | null {
  const size = lstatSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const tables = sqlite
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all() as { name: string }[];
  const checks =
    size > maxChecked
      ? tables.filter(({ name }) => name !== 'event').map(({ name }) => `quick_check('${name}')`)
      : ['quick_check(1)'];
  for (const check of checks) {
    const [row] = sqlite.prepare(`PRAGMA ${check}`).all() as Record<string, string>[];
    const said = row ? (Object.values(row).find((value) => typeof value === 'string') ?? 'ok') : 'ok';
    if (said !== 'ok')
      return (
        said
          .split('\n')
          .filter((line) => !line.startsWith('***'))
          .join(' ') || said
      );
  }
  return null;
}

/** The marks of the journal, compared with what was noted beside it. */
function readMarks(sqlite: Libsql.Database, file: string, copy: string | null, deps: JournalDeps) {
  const read = (name: string) =>
    (sqlite.prepare('SELECT value FROM mark WHERE name = ?').get(name) as { value: number } | undefined)
      ?.value;
  const set = sqlite.prepare(
    'INSERT INTO mark VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  );
  const noted = readWatermark(join(deps.folder, watermarkName));
  let [dataId, changes] = [read('data_id'), read('changes') ?? 0];
  if (noted === 'damaged')
    deps.note(
      join(deps.folder, watermarkName),
      'It was damaged: a loss of journal entries before this start could not be noticed.',
    );
  // One that was begun just now, or by a version without marks, has none.
  const compared = dataId === undefined || noted === 'damaged' ? null : noted;
  const isOther = compared !== null && compared.dataId !== dataId;
  const missing = compared && !isOther ? compared.changes - changes : 0;
  if (isOther)
    deps.note(file, 'It is not the journal that this data folder had: it was replaced by another one.');
  if (missing > 0) {
    const kept = copy ? ` What was left of its log is kept as ${keepCopy(file)}.` : '';
    const why = `its log (${basename(file)}-wal) was cut, damaged or removed, or it was replaced by an older copy`;
    deps.note(
      file,
      `The newest ${missing} changes are missing: ${why}. Messages, sign-ins or rules of before can ` +
        `be lost.${kept}`,
    );
    changes += missing;
  } else if (copy) rmSync(copy, { force: true });
  if (dataId === undefined || missing > 0) {
    const isBegun = sqlite.prepare('SELECT 1 FROM event LIMIT 1').get() === undefined;
    dataId ??= deps.newDataId();
    sqlite.exec('BEGIN IMMEDIATE');
    set.run('data_id', dataId);
    set.run('changes', changes);
    if (isBegun && read('created_ms') === undefined) set.run('created_ms', deps.now().getTime());
    sqlite.exec('COMMIT');
    sqlite.pragma('wal_checkpoint(TRUNCATE)');
  }
  return { dataId, changes, createdMs: read('created_ms') ?? 0 };
}

function keepCopy(file: string): string {
  const kept = keepAside(`${file}-wal`, ['.before']);
  // As the log of a journal is called that is kept: SQLite finds the two together.
  renameSync(`${kept}.before`, kept);
  return basename(kept);
}
