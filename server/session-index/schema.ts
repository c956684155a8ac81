import { lstatSync, rmSync } from 'node:fs';
import Libsql from 'libsql';
import { keepAside } from '../util/file-fault.ts';

/** Raised with each change of the tables or of their content: an index of another version is built again. */
const version = 3;

/**
 * A file with an `agent_id` belongs to a sub-agent: it is searched, but not listed as a session. `facts_to`
 * and `text_to` say how far (in bytes) a transcript was read for its metadata and for the search. In `said`
 * and `output` a row is a line of a transcript; its rowid says which (see toRowId). They store no text, which
 * is read from the transcripts. Only `transcript/words.ts` decides what a word is: the tokenizer `ascii`
 * takes every character that is not ASCII as a part of a word, so it does not split further.
 */
const tables = `
  CREATE TABLE meta (home TEXT NOT NULL);
  CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL,
    agent_id TEXT,
    size INTEGER NOT NULL,
    modified_ms REAL NOT NULL,
    facts_to INTEGER NOT NULL DEFAULT 0,
    text_to INTEGER NOT NULL DEFAULT 0,
    tail TEXT NOT NULL DEFAULT '',
    facts TEXT NOT NULL DEFAULT '',
    error TEXT,
    project TEXT,
    kind TEXT,
    first_uuid TEXT,
    looked_for TEXT NOT NULL DEFAULT ''
  );
  CREATE INDEX file_by_session ON file (session_id);
  CREATE INDEX file_by_time ON file (modified_ms DESC, id DESC);
  CREATE INDEX file_by_first ON file (first_uuid);
  CREATE VIRTUAL TABLE said USING fts5(user, assistant, tool, content='', contentless_delete=1, tokenize="ascii");
  CREATE VIRTUAL TABLE output USING fts5(words, content='', contentless_delete=1, detail=none, tokenize="ascii");
`;

const perFile = 2 ** 32;

/** The row of a line: which file, and where in it the line begins. */
export const toRowId = (fileId: number, start: number): bigint =>
  BigInt(fileId) * BigInt(perFile) + BigInt(start);
export const toPlace = (rowId: number): { fileId: number; start: number } => ({
  fileId: Math.floor(rowId / perFile),
  start: rowId % perFile,
});
/** The rows of all lines of a file. */
export const rowRange = (fileId: number): [bigint, bigint] => [
  toRowId(fileId, 0),
  toRowId(fileId + 1, 0) - 1n,
];

export type IndexFile = Libsql.Database;

/**
 * Opens the index for the thread that writes it. One that is damaged, or of another version or home, is
 * replaced.
 */
export function openForWriting(path: string, home: string): IndexFile {
  try {
    return open(path, home);
  } catch {
    removeIndex(path);
    return open(path, home);
  }
}

/** Makes room for a new index. Anything else than a file or link at its path is not ours, and is renamed. */
export function removeIndex(path: string): void {
  for (const end of ['', '-wal', '-shm']) {
    try {
      rmSync(path + end, { force: true });
    } catch {
      keepAside(path + end);
    }
  }
}

/** Whether an error says that the index is damaged. */
export const isDamaged = (error: unknown): boolean =>
  /^SQLITE_(CORRUPT|NOTADB)/.test((error as { code?: string }).code ?? '');

function open(path: string, home: string): IndexFile {
  const isNew = !lstatSync(path, { throwIfNoEntry: false })?.size;
  const file = new Libsql(path, { timeout: 1000 });
  try {
    file.pragma('journal_mode = WAL');
    // It can be built again: a loss of power may cost its last words.
    file.pragma('synchronous = OFF');
    file.pragma('cache_size = -8000');
    const { user_version } = file.prepare('PRAGMA user_version').get() as { user_version: number };
    if (user_version === 0) {
      // It may be a link to another program's database.
      if (!isNew) throw new Error('this is not an index');
      file.exec(`BEGIN; ${tables} PRAGMA user_version = ${version}; COMMIT;`);
      file.prepare('INSERT INTO meta VALUES (?)').run(home);
      // Larger segments: fewer to merge later.
      file.exec(
        "INSERT INTO said(said, rank) VALUES ('hashsize', 16000000); INSERT INTO output(output, rank) VALUES ('hashsize', 16000000); INSERT INTO said(said, rank) VALUES ('automerge', 8); INSERT INTO output(output, rank) VALUES ('automerge', 8);",
      );
    } else if (
      user_version !== version ||
      (file.prepare('SELECT home FROM meta').get() as { home: string }).home !== home
    ) {
      throw new Error('the index is of another version or home');
    }
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Opens the index for reading, beside the thread that writes it. Null if the thread has not created it yet.
 */
export function openForReading(path: string): IndexFile | null {
  let file: IndexFile | null = null;
  try {
    file = new Libsql(path, { timeout: 200, readonly: true });
    if ((file.prepare('PRAGMA user_version').get() as { user_version: number }).user_version === version)
      return file;
  } catch {
    // It is being created, or is not an index: the thread replaces it.
  }
  file?.close();
  return null;
}
