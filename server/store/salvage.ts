import { chmodSync, closeSync, fsyncSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { keepAside } from '../util/file-fault.ts';
import { DataFolderError } from './data-folder-error.ts';
import { createFolderOwner } from './folder-owner.ts';
import { markDetails, resetWaiting } from './migrations.ts';
import { inUse, journalName, requireUsableParts } from './open-journal.ts';
import { migrate, schemaVersion, versionOf } from './schema.ts';
import { isBusy, isDamage } from './sqlite-error.ts';
import { readWatermark, watermarkName } from './watermark.ts';

/** How many rows of each table were copied, and how many could not be read or were invalid. */
export type Salvaged = {
  kept: string;
  /** False if not even the list of its tables could be read. */
  isReadable: boolean;
  tables: { name: string; rows: number; lost: number }[];
};

/** Rows are read in ranges of this size; a range that cannot be read is halved. */
const rangeRows = 1024;

/** After this many failed reads a table is given up: the rest of its pages are damaged too. */
const maxFailures = 20_000;

/** Columns that hold JSON, and what replaces a damaged value; without a replacement, the row is left out. */
const jsonColumns: Readonly<Record<string, Readonly<Record<string, string | null | undefined>>>> = {
  turn: { message: '"(damaged)"', options: '{}', text: '""', result: null, error: null },
  event: { data: undefined },
  prompt: { data: undefined },
  rule: { data: undefined },
  audit: { data: undefined },
  live: { tasks: '[]' },
  push_device: { data: undefined },
  push_setting: { data: undefined },
  push_delivery: { data: undefined },
  archive: { data: undefined },
};

type Row = Record<string, unknown>;

const isJson = (value: unknown): boolean => {
  try {
    JSON.parse(String(value));
    return true;
  } catch {
    return false;
  }
};

/** A row in which all JSON can be read, or null. */
function repairRow(table: string, row: Row): Row | null {
  const repaired = { ...row };
  for (const [name, instead] of Object.entries(jsonColumns[table] ?? {})) {
    const value = row[name];
    if (value === undefined || value === null || isJson(value)) continue;
    if (instead === undefined) return null;
    repaired[name] = instead;
  }
  return repaired;
}

/** The highest row of a table that can be read. */
function lastRowOf(old: Libsql.Database, table: string): number {
  for (const sql of [
    `SELECT max(rowid) AS last FROM ${table}`,
    `SELECT seq AS last FROM sqlite_sequence WHERE name = '${table}'`,
  ]) {
    try {
      const { last } = (old.prepare(sql).get() as { last: number | null } | undefined) ?? { last: null };
      if (last !== null) return Number(last);
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }
  return rangeRows * rangeRows;
}

function copyTable(
  old: Libsql.Database,
  fresh: Libsql.Database,
  table: string,
): { rows: number; lost: number } {
  const columnsOf = (db: Libsql.Database) =>
    (db.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[]).map(({ name }) => name);
  const known = new Set(columnsOf(old));
  const columns = columnsOf(fresh).filter((name) => known.has(name));
  if (!columns.length) return { rows: 0, lost: 0 };
  const read = old.prepare(
    `SELECT ${columns.join()} FROM ${table} WHERE rowid BETWEEN ? AND ? ORDER BY rowid`,
  );
  const write = fresh.prepare(
    `INSERT OR IGNORE INTO ${table} (${columns.join()}) VALUES (${columns.map(() => '?').join()})`,
  );
  let [rows, lost, failures] = [0, 0, 0];

  function copyRange(from: number, to: number): void {
    if (from > to || failures > maxFailures) return;
    try {
      for (const row of read.all(from, to) as Row[]) {
        const repaired = repairRow(table, row);
        if (repaired && write.run(...columns.map((name) => repaired[name] ?? null)).changes > 0) rows += 1;
        else lost += 1;
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
      failures += 1;
      if (from === to) {
        lost += 1;
        return;
      }
      const middle = Math.floor((from + to) / 2);
      copyRange(from, middle);
      copyRange(middle + 1, to);
    }
  }

  const last = lastRowOf(old, table);
  for (let from = 0; from <= last && failures <= maxFailures; from += rangeRows)
    copyRange(from, Math.min(from + rangeRows - 1, last));
  return { rows, lost };
}

/** Opens the damaged file with its lock. */
function openDamaged(file: string, folder: string, lockedBy: () => number | null): Libsql.Database | null {
  const old = new Libsql(file, { timeout: 0 });
  try {
    old.pragma('locking_mode = EXCLUSIVE');
    old.exec('BEGIN IMMEDIATE');
    const version = versionOf(old);
    old.prepare('SELECT count(*) FROM sqlite_master').get();
    if (version <= schemaVersion) return old;
    throw new DataFolderError(
      `${file} was made by a newer version of Switchboard: update it. Nothing was changed.`,
    );
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    if (isBusy(error)) throw inUse(folder, lockedBy());
    if (isDamage(error)) return null;
    throw new DataFolderError(`${file} cannot be opened: ${(error as Error).message}.`, { cause: error });
  }
}

/**
 * Copies what can be read of a damaged journal into a new one, and renames the old one. Throws
 * DataFolderError, and changes nothing, while a server uses it.
 */
export function salvageJournal(folder: string, stateFolder: string): Salvaged {
  const owner = createFolderOwner({ folder, stateFolder });
  const other = owner.other();
  if (other) throw inUse(folder, other);
  const file = join(folder, journalName);
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory())
    throw new DataFolderError(`${file} is a folder. Remove or rename it; then start the server again.`);
  if (!found?.size) throw new DataFolderError(`There is no journal ${file} to repair.`);
  requireUsableParts(file);
  const repaired = lstatSync(`${file}.repaired`, { throwIfNoEntry: false });
  if (repaired && !repaired.isFile())
    throw new DataFolderError(
      `${file}.repaired cannot be written, because it is not a file: move it away. Nothing was changed.`,
    );
  const old = openDamaged(file, folder, owner.noted);
  try {
    return writeRepaired(file, folder, old);
  } catch (error) {
    if (lstatSync(`${file}.repaired`, { throwIfNoEntry: false })?.isFile()) removeParts(`${file}.repaired`);
    if (error instanceof DataFolderError) throw error;
    const words = `${file}.repaired cannot be written: ${(error as Error).message}`;
    throw new DataFolderError(
      `${words}. Free disk space or make the data folder writable. Nothing was changed.`,
      { cause: error },
    );
  }
}

function removeParts(made: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(made + end, { force: true });
}

/** Throws the errors of the disk. Until the last two steps it touches only the new file. */
function writeRepaired(file: string, folder: string, old: Libsql.Database | null): Salvaged {
  const made = `${file}.repaired`;
  removeParts(made);
  closeSync(openSync(made, 'wx', 0o600));
  const fresh = new Libsql(made);
  migrate(fresh);
  const names = (
    fresh
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all() as { name: string }[]
  )
    .map(({ name }) => name)
    .sort();
  fresh.exec('BEGIN');
  const tables = names.map((name) => ({
    name,
    ...(old ? readable(() => copyTable(old, fresh, name)) : { rows: 0, lost: 0 }),
  }));
  // Events of an older version have no such column.
  fresh.exec(markDetails);
  fresh.exec(resetWaiting);
  keepCounting(fresh, folder);
  fresh.exec('COMMIT');
  fresh.close();
  old?.close();
  const handle = openSync(made, 'r');
  fsyncSync(handle);
  closeSync(handle);
  chmodSync(made, 0o600);
  const kept = keepAside(file, ['', '-wal', '-shm']);
  renameSync(made, file);
  return { kept, isReadable: old !== null, tables };
}

/** If even the columns of a table cannot be read, none of its rows can. */
function readable(work: () => { rows: number; lost: number }): { rows: number; lost: number } {
  try {
    return work();
  } catch (error) {
    if (isDamage(error)) return { rows: 0, lost: 0 };
    throw error;
  }
}

/** The loss is known now, so the next start must not report it again. Ids of events are never reused. */
function keepCounting(fresh: Libsql.Database, folder: string): void {
  const noted = readWatermark(join(folder, watermarkName));
  if (noted && noted !== 'damaged') {
    const set = fresh.prepare(
      'INSERT INTO mark VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)',
    );
    fresh.prepare("DELETE FROM mark WHERE name = 'data_id'").run();
    set.run('data_id', noted.dataId);
    set.run('changes', noted.changes);
  }
}
