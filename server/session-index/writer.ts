import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { parseLine } from '../transcript/jsonl.ts';
import { addEntry, type FactEntry, noFacts, type SessionMetadata } from '../transcript/metadata.ts';
import { distinctWords, extractTexts, toIndexed } from '../transcript/search-text.ts';
import type { TranscriptFile } from '../transcript-file/list.ts';
import { readLinesForward } from '../transcript-file/read-forward.ts';
import { type IndexFile, rowRange, toRowId } from './schema.ts';

/** A transcript as the index has it. */
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

/** A file is read in steps of so many bytes; between them others have their turn. */
const stepBytes = 4_000_000;

/** Of what was read last so many bytes are kept in mind: a file that only grew has them in the same place. */
const tailBytes = 256;

/** Most bytes of a transcript are requests and their surroundings, of which nothing is to be known. */
const mightHoldEntry = (bytes: Buffer) =>
  bytes.includes('"type":"user"') ||
  bytes.includes('"type":"assistant"') ||
  bytes.includes('"type":"system"') ||
  (bytes.length < 20_000 &&
    /"type":"(custom-title|ai-title|summary|cost-state|relocated)"/.test(bytes.toString('latin1')));

const hashText = (bytes: Buffer) => createHash('sha1').update(bytes).digest('hex');

const sessionKind = ({ entrypoint, isBackground }: SessionMetadata) =>
  isBackground
    ? 'background'
    : entrypoint === null
      ? null
      : entrypoint.startsWith('sdk')
        ? 'headless'
        : 'interactive';

/** Puts what transcripts say into the index. */
export function createWriter(index: IndexFile) {
  const insertFile = index.prepare(
    'INSERT INTO file (id, path, session_id, agent_id, size, modified_ms) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const lastId = index.prepare('SELECT coalesce(max(id), 0) AS id FROM file');
  const noteSize = index.prepare('UPDATE file SET size = ?, modified_ms = ?, error = NULL WHERE id = ?');
  const noteError = index.prepare('UPDATE file SET error = ? WHERE id = ?');
  const noteFacts = index.prepare(
    `UPDATE file SET facts_to = ?, text_to = ?, tail = ?, facts = ?, project = ?, kind = ?, first_uuid = ?, looked_for = ? WHERE id = ?`,
  );
  const removeFile = index.prepare('DELETE FROM file WHERE id = ?');
  const dropSaid = index.prepare('DELETE FROM said WHERE rowid BETWEEN ? AND ?');
  const dropOutput = index.prepare('DELETE FROM output WHERE rowid BETWEEN ? AND ?');
  const addSaid = index.prepare('INSERT INTO said (rowid, user, assistant, tool) VALUES (?, ?, ?, ?)');
  const addOutput = index.prepare('INSERT INTO output (rowid, words) VALUES (?, ?)');
  const all = index.prepare(
    'SELECT id, path, session_id, agent_id, size, modified_ms, facts_to, text_to, tail, facts FROM file',
  );
  const one = index.prepare(
    'SELECT id, path, session_id, agent_id, size, modified_ms, facts_to, text_to, tail, facts FROM file WHERE id = ?',
  );

  /** The files that the open transaction has changed, as they were before it. */
  const before = new Map<IndexedFile, IndexedFile>();

  function begin(file: IndexedFile | null): void {
    if (!index.inTransaction) index.exec('BEGIN');
    if (file && !before.has(file)) before.set(file, { ...file });
  }

  function commit(): void {
    if (index.inTransaction) index.exec('COMMIT');
    before.clear();
  }

  function forgetTexts(id: number): void {
    const rows = rowRange(id);
    dropSaid.run(...rows);
    dropOutput.run(...rows);
  }

  function resetFile(file: IndexedFile): void {
    begin(file);
    forgetTexts(file.id);
    noteFacts.run(0, 0, '', '', null, null, null, '', file.id);
    Object.assign(file, { facts_to: 0, text_to: 0, tail: '', facts: '' });
  }

  /** The end of what was read, as it stands in the file now. */
  async function readTail(handle: FileHandle, readTo: number): Promise<string> {
    const size = Math.min(tailBytes, readTo);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, readTo - size);
    return hashText(buffer.subarray(0, bytesRead));
  }

  /** Takes up to `stepBytes` more of a file; false where there is no more to take now. */
  async function indexChunk(handle: FileHandle, file: IndexedFile, withTexts: boolean): Promise<boolean> {
    let facts: SessionMetadata = file.facts ? JSON.parse(file.facts) : noFacts;
    const from = withTexts ? file.text_to : file.facts_to;
    let to = from;
    const rows: { rowId: bigint; texts: NonNullable<ReturnType<typeof extractTexts>> }[] = [];
    let isMore = false;
    for await (const { bytes, start, end } of readLinesForward(handle, from)) {
      const isNew = start >= file.facts_to;
      const entry =
        bytes?.length && mightHoldEntry(bytes)
          ? (parseLine(bytes.toString('utf8')) as FactEntry | null)
          : undefined;
      if (isNew && (bytes === null || entry === null || (bytes.length > 0 && bytes[0] !== 0x7b)))
        facts = { ...facts, badLines: facts.badLines + 1 };
      if (isNew && entry) facts = addEntry(facts, entry);
      const texts =
        withTexts && entry && (file.agent_id !== null || !entry.isSidechain) ? extractTexts(entry) : null;
      if (texts) rows.push({ rowId: toRowId(file.id, start), texts });
      to = end;
      isMore = to - from >= stepBytes;
      if (isMore) break;
    }
    begin(file);
    file.facts_to = Math.max(file.facts_to, to);
    if (withTexts) file.text_to = to;
    file.tail = await readTail(handle, file.facts_to);
    file.facts = JSON.stringify(facts);
    const lookedFor = [
      facts.customTitle,
      facts.ownTitle,
      facts.firstMessage,
      facts.lastMessage,
      facts.project,
    ]
      .filter(Boolean)
      .join('\n')
      .toLowerCase();
    for (const { rowId, texts } of rows) {
      if (texts.user || texts.assistant || texts.tool)
        addSaid.run(rowId, toIndexed(texts.user), toIndexed(texts.assistant), toIndexed(texts.tool));
      if (texts.output) addOutput.run(rowId, distinctWords(texts.output));
    }
    noteFacts.run(
      file.facts_to,
      file.text_to,
      file.tail,
      file.facts,
      facts.project,
      sessionKind(facts),
      facts.firstUuid,
      lookedFor,
      file.id,
    );
    return isMore;
  }

  return {
    files: (): IndexedFile[] => all.all() as IndexedFile[],
    /** Notes files that are new; the newest one gets the highest id, so that rows of the index are in about the order of time. */
    add(found: readonly TranscriptFile[]): IndexedFile[] {
      commit();
      let { id } = lastId.get() as { id: number };
      const added: IndexedFile[] = [];
      begin(null);
      for (const file of found.toSorted((a, b) => a.modifiedMs - b.modifiedMs)) {
        id += 1;
        insertFile.run(id, file.path, file.sessionId, file.agentId, file.size, file.modifiedMs);
        added.push(one.get(id) as IndexedFile);
      }
      commit();
      return added;
    },
    recordFile(file: IndexedFile, found: TranscriptFile): void {
      begin(file);
      Object.assign(file, { size: found.size, modified_ms: found.modifiedMs });
      noteSize.run(found.size, found.modifiedMs, file.id);
    },
    remove(file: IndexedFile): void {
      commit();
      begin(null);
      forgetTexts(file.id);
      removeFile.run(file.id);
      commit();
    },
    /** Puts what was read so far to disk: many files at a time, since each time costs a part of the index its order. */
    commit,
    /** Takes back what is not on disk; gives the files that are to be read again. */
    rollback(): IndexedFile[] {
      if (index.inTransaction) index.exec('ROLLBACK');
      for (const [file, was] of before) Object.assign(file, was);
      const lost = [...before.keys()];
      before.clear();
      return lost;
    },
    /** Reads what is new in a file; `between` is called after each step. What is wrong with the file is noted with it. */
    async read(file: IndexedFile, withTexts: boolean, between: () => Promise<void>): Promise<void> {
      try {
        const handle = await open(file.path, 'r');
        try {
          const hasChanged =
            file.facts_to > file.size ||
            (file.facts_to > 0 && (await readTail(handle, file.facts_to)) !== file.tail);
          if (hasChanged) resetFile(file);
          while (await indexChunk(handle, file, withTexts)) await between();
        } finally {
          await handle.close();
        }
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT') return;
        if (code?.startsWith('SQLITE')) throw error;
        noteError.run(`It cannot be read: ${message}`, file.id);
      }
    },
  };
}
