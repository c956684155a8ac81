import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { parseLine } from '../transcript/jsonl.ts';
import { addEntry, type FactEntry, noFacts, type SessionMetadata } from '../transcript/metadata.ts';
import { distinctWords, extractTexts, type SearchTexts, toIndexed } from '../transcript/search-text.ts';
import type { TranscriptFile } from '../transcript-file/list.ts';
import { readLinesForward } from '../transcript-file/read-forward.ts';
import { type IndexFile, rowRange, toRowId } from './schema.ts';

/** A transcript as stored in the index. */
export type IndexedFile = {
  id: number;
  path: string;
  session_id: string;
  agent_id: string | null;
  size: number;
  modified_ms: number;
  facts_to: number;
  text_to: number;
  tail: string;
  facts: string;
};

/** What was read of a file in one step. */
type Chunk = {
  facts: SessionMetadata;
  to: number;
  texts: { rowId: bigint; texts: SearchTexts }[];
  /** There is more to read. */
  isMore: boolean;
};

/** A file is read in steps of this size; other work is done between them. */
const stepBytes = 4_000_000;

/**
 * How many of the bytes that were read last are remembered: a file that only grew has them in the same place.
 */
const tailBytes = 256;

const columns = 'id, path, session_id, agent_id, size, modified_ms, facts_to, text_to, tail, facts';

/** Most bytes of a transcript are requests and their context, which hold nothing for the index. */
const mightHoldEntry = (bytes: Buffer) =>
  bytes.includes('"type":"user"') ||
  bytes.includes('"type":"assistant"') ||
  bytes.includes('"type":"system"') ||
  (bytes.length < 20_000 &&
    /"type":"(custom-title|ai-title|summary|cost-state|relocated)"/.test(bytes.toString('latin1')));

const isWrongLine = (bytes: Buffer | null, entry: FactEntry | null | undefined) =>
  bytes === null || entry === null || (bytes.length > 0 && bytes[0] !== 0x7b);

/** Writes what transcripts say into the index. */
export class IndexWriter {
  readonly #index: IndexFile;
  readonly #statements: ReturnType<typeof prepareStatements>;
  /** The files that the open transaction has changed, as they were before it. */
  readonly #originals = new Map<IndexedFile, IndexedFile>();

  constructor(index: IndexFile) {
    this.#index = index;
    this.#statements = prepareStatements(index);
  }

  files(): IndexedFile[] {
    return this.#statements.allFiles.all() as IndexedFile[];
  }

  /**
   * Adds new files; the newest gets the highest id, so that rows of the index are roughly in the order of
   * time.
   */
  addFiles(files: readonly TranscriptFile[]): IndexedFile[] {
    this.commit();
    const { lastId, insertFile, fileById } = this.#statements;
    let { id } = lastId.get() as { id: number };
    const added: IndexedFile[] = [];
    this.#begin(null);
    for (const file of files.toSorted((a, b) => a.modifiedMs - b.modifiedMs)) {
      id += 1;
      insertFile.run(id, file.path, file.sessionId, file.agentId, file.size, file.modifiedMs);
      added.push(fileById.get(id) as IndexedFile);
    }
    this.commit();
    return added;
  }

  updateSize(file: IndexedFile, { size, modifiedMs }: TranscriptFile): void {
    this.#begin(file);
    Object.assign(file, { size, modified_ms: modifiedMs });
    this.#statements.updateSize.run(size, modifiedMs, file.id);
  }

  removeFile(file: IndexedFile): void {
    this.commit();
    this.#begin(null);
    this.#deleteTexts(file.id);
    this.#statements.deleteFile.run(file.id);
    this.commit();
  }

  /** Writes what was read so far to disk: many files at a time, since each write fragments the index. */
  commit(): void {
    if (this.#index.inTransaction) this.#index.exec('COMMIT');
    this.#originals.clear();
  }

  /** Withdraws what is not on disk; returns the files that must be read again. */
  rollback(): IndexedFile[] {
    if (this.#index.inTransaction) this.#index.exec('ROLLBACK');
    for (const [file, original] of this.#originals) Object.assign(file, original);
    const files = [...this.#originals.keys()];
    this.#originals.clear();
    return files;
  }

  /**
   * Reads what is new in a file; `between` is called after each step. A fault of the file is stored with it.
   */
  async readFile(file: IndexedFile, withTexts: boolean, between: () => Promise<void>): Promise<void> {
    try {
      const handle = await open(file.path, 'r');
      try {
        if (await hasOtherContent(handle, file)) this.#resetFile(file);
        for (let isMore = true; isMore; ) {
          const chunk = await readChunk(handle, file, withTexts);
          await this.#storeChunk(handle, file, chunk, withTexts);
          isMore = chunk.isMore;
          if (isMore) await between();
        }
      } finally {
        await handle.close();
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code?.startsWith('SQLITE')) throw error;
      this.#statements.updateError.run(`It cannot be read: ${message}`, file.id);
    }
  }

  #begin(file: IndexedFile | null): void {
    if (!this.#index.inTransaction) this.#index.exec('BEGIN');
    if (file && !this.#originals.has(file)) this.#originals.set(file, { ...file });
  }

  #deleteTexts(fileId: number): void {
    const rows = rowRange(fileId);
    this.#statements.deleteSaid.run(...rows);
    this.#statements.deleteOutput.run(...rows);
  }

  #resetFile(file: IndexedFile): void {
    this.#begin(file);
    this.#deleteTexts(file.id);
    this.#statements.updateFacts.run(0, 0, '', '', null, null, null, '', file.id);
    Object.assign(file, { facts_to: 0, text_to: 0, tail: '', facts: '' });
  }

  async #storeChunk(
    handle: FileHandle,
    file: IndexedFile,
    { facts, to, texts }: Chunk,
    withTexts: boolean,
  ): Promise<void> {
    this.#begin(file);
    file.facts_to = Math.max(file.facts_to, to);
    if (withTexts) file.text_to = to;
    file.tail = await hashTail(handle, file.facts_to);
    file.facts = JSON.stringify(facts);
    for (const row of texts) this.#insertTexts(row.rowId, row.texts);
    this.#statements.updateFacts.run(
      file.facts_to,
      file.text_to,
      file.tail,
      file.facts,
      facts.project,
      sessionKind(facts),
      facts.firstUuid,
      toFilterText(facts),
      file.id,
    );
  }

  #insertTexts(rowId: bigint, { user, assistant, tool, output }: SearchTexts): void {
    if (user || assistant || tool)
      this.#statements.insertSaid.run(rowId, toIndexed(user), toIndexed(assistant), toIndexed(tool));
    if (output) this.#statements.insertOutput.run(rowId, distinctWords(output));
  }
}

function prepareStatements(index: IndexFile) {
  return {
    allFiles: index.prepare(`SELECT ${columns} FROM file`),
    fileById: index.prepare(`SELECT ${columns} FROM file WHERE id = ?`),
    lastId: index.prepare('SELECT coalesce(max(id), 0) AS id FROM file'),
    insertFile: index.prepare(
      'INSERT INTO file (id, path, session_id, agent_id, size, modified_ms) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    updateSize: index.prepare('UPDATE file SET size = ?, modified_ms = ?, error = NULL WHERE id = ?'),
    updateError: index.prepare('UPDATE file SET error = ? WHERE id = ?'),
    updateFacts: index.prepare(
      `UPDATE file SET facts_to = ?, text_to = ?, tail = ?, facts = ?, project = ?, kind = ?, first_uuid = ?,
       looked_for = ? WHERE id = ?`,
    ),
    deleteFile: index.prepare('DELETE FROM file WHERE id = ?'),
    deleteSaid: index.prepare('DELETE FROM said WHERE rowid BETWEEN ? AND ?'),
    deleteOutput: index.prepare('DELETE FROM output WHERE rowid BETWEEN ? AND ?'),
    insertSaid: index.prepare('INSERT INTO said (rowid, user, assistant, tool) VALUES (?, ?, ?, ?)'),
    insertOutput: index.prepare('INSERT INTO output (rowid, words) VALUES (?, ?)'),
  };
}

/** Reads up to `stepBytes` more of a file. */
async function readChunk(handle: FileHandle, file: IndexedFile, withTexts: boolean): Promise<Chunk> {
  let facts: SessionMetadata = file.facts ? JSON.parse(file.facts) : noFacts;
  const from = withTexts ? file.text_to : file.facts_to;
  const rows: Chunk['texts'] = [];
  let to = from;
  for await (const { bytes, start, end } of readLinesForward(handle, from)) {
    const isNew = start >= file.facts_to;
    const entry =
      bytes?.length && mightHoldEntry(bytes)
        ? (parseLine(bytes.toString('utf8')) as FactEntry | null)
        : undefined;
    if (isNew && isWrongLine(bytes, entry)) facts = { ...facts, badLines: facts.badLines + 1 };
    if (isNew && entry) facts = addEntry(facts, entry);
    const isIndexed = withTexts && entry && (file.agent_id !== null || !entry.isSidechain);
    const texts = isIndexed ? extractTexts(entry) : null;
    if (texts) rows.push({ rowId: toRowId(file.id, start), texts });
    to = end;
    if (to - from >= stepBytes) return { facts, to, texts: rows, isMore: true };
  }
  return { facts, to, texts: rows, isMore: false };
}

/** Whether a file was replaced since it was read, instead of having grown. */
async function hasOtherContent(handle: FileHandle, file: IndexedFile): Promise<boolean> {
  if (file.facts_to > file.size) return true;
  return file.facts_to > 0 && (await hashTail(handle, file.facts_to)) !== file.tail;
}

/** A hash of the bytes before `to`, as they are in the file now. */
async function hashTail(handle: FileHandle, to: number): Promise<string> {
  const size = Math.min(tailBytes, to);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, to - size);
  return createHash('sha1').update(buffer.subarray(0, bytesRead)).digest('hex');
}

/** What the filter of the list searches. */
const toFilterText = ({ customTitle, ownTitle, firstMessage, lastMessage, project }: SessionMetadata) =>
  [customTitle, ownTitle, firstMessage, lastMessage, project].filter(Boolean).join('\n').toLowerCase();

function sessionKind({ entrypoint, isBackground }: SessionMetadata): string | null {
  if (isBackground) return 'background';
  if (entrypoint === null) return null;
  return entrypoint.startsWith('sdk') ? 'headless' : 'interactive';
}
