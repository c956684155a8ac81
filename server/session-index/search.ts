import { type FileHandle, open } from 'node:fs/promises';
import type { SearchRole } from '../../contract/session.ts';
import { AppError } from '../app-error.ts';
import type { Entry } from '../transcript/entry.ts';
import { formatCursor } from '../transcript/history-page.ts';
import { parseLine } from '../transcript/jsonl.ts';
import { buildExcerpt, findPlaces, parseQuery, type Term, toSearched } from '../transcript/query.ts';
import { extractTexts, type SearchTexts } from '../transcript/search-text.ts';
import { readLinesForward } from '../transcript-file/read-forward.ts';
import { findCandidates, joinMainFile } from './candidates.ts';
import type { SearchMatch, SearchQuery } from './port.ts';
import { type IndexFile, toPlace } from './schema.ts';

/**
 * How many candidates are read for those that meet the other conditions: the time, phrases in the output of
 * tools.
 */
const maxRead = 200;

/** Only transcripts say when a message was written, so most of the candidates of a time are skipped. */
const maxReadByTime = 5000;

/** A message of usual length is read at once. */
const lineBytes = 16 * 1024;

type FileRow = {
  id: number;
  path: string;
  session_id: string;
  agent_id: string | null;
  project: string | null;
  title: string | null;
};

type Source = { file: FileRow; handle: FileHandle };

/** Finds the words in the index, and the text around them in the transcripts. */
export function createSearch(index: IndexFile) {
  const selectFile = index.prepare(
    `SELECT file.id, file.path, file.session_id, file.agent_id,
      coalesce(file.project, main.project) AS project,
      coalesce(json_extract(main.facts, '$.customTitle'), json_extract(main.facts, '$.ownTitle')) AS title
      FROM file LEFT ${joinMainFile} WHERE file.id = ?`,
  );
  return async function searchTranscripts(
    query: SearchQuery,
  ): Promise<{ hits: SearchMatch[]; order: 'best' | 'newest' }> {
    const terms = parseQuery(query.q);
    if (!terms.length) throw new AppError('invalid_request', 'q: give at least one word', { field: 'q' });
    const maxRows = query.since || query.until ? maxReadByTime : maxRead;
    const { rows, order } = findCandidates(index, query, terms, maxRows);
    const sources = new OpenSources((id) => selectFile.get(id) as FileRow | undefined);
    try {
      return { hits: await readHits(rows.slice(0, maxRows), { query, terms, sources }), order };
    } finally {
      await sources.closeAll();
    }
  };
}

/** The transcripts that one search has opened. */
class OpenSources {
  readonly #selectFile: (id: number) => FileRow | undefined;
  readonly #opened = new Map<number, Source | null>();

  constructor(selectFile: (id: number) => FileRow | undefined) {
    this.#selectFile = selectFile;
  }

  /** Null for a transcript that no longer exists. */
  async open(id: number): Promise<Source | null> {
    const opened = this.#opened.get(id);
    if (opened !== undefined) return opened;
    const file = this.#selectFile(id);
    const handle = file && (await open(file.path, 'r').catch(() => null));
    const source = file && handle ? { file, handle } : null;
    this.#opened.set(id, source);
    return source;
  }

  async closeAll(): Promise<void> {
    for (const source of this.#opened.values()) await source?.handle.close();
  }
}

async function readHits(
  rows: readonly number[],
  { query, terms, sources }: { query: SearchQuery; terms: readonly Term[]; sources: OpenSources },
): Promise<SearchMatch[]> {
  const hits: SearchMatch[] = [];
  const shown = new Set<string>();
  for (const row of rows) {
    if (hits.length >= query.limit) break;
    const { fileId, start } = toPlace(row);
    const source = await sources.open(fileId);
    const line = source && (await readEntryAt(source.handle, start));
    // A fork has the messages of its original: each is shown once.
    if (!line || (line.entry.uuid && shown.has(line.entry.uuid))) continue;
    const hit = toMatch(line, source.file, { query, terms });
    if (!hit) continue;
    if (line.entry.uuid) shown.add(line.entry.uuid);
    hits.push(hit);
  }
  return hits;
}

/** Null for an entry that does not meet the whole query. */
function toMatch(
  { entry, end }: { entry: Entry; end: number },
  file: FileRow,
  { query, terms }: { query: SearchQuery; terms: readonly Term[] },
): SearchMatch | null {
  const texts = extractTexts(entry);
  if (!texts) return null;
  const at = typeof entry.timestamp === 'string' ? entry.timestamp : null;
  if ((query.since && (at ?? '') < query.since) || (query.until && (at ?? '') > query.until)) return null;
  const best = pickBestText(texts, terms, query.roles);
  return (
    best && {
      sessionId: file.session_id,
      project: file.project,
      title: file.title,
      messageId: entry.uuid ?? null,
      role: best.role,
      at,
      excerpt: best.excerpt,
      marks: best.marks,
      agentId: file.agent_id,
      before: file.agent_id === null ? formatCursor({ end, uuid: entry.uuid ?? '' }) : null,
    }
  );
}

/** Reads the line at a place; null if it is no longer what was indexed. */
async function readEntryAt(file: FileHandle, start: number): Promise<{ entry: Entry; end: number } | null> {
  for await (const { bytes, end } of readLinesForward(file, start, lineBytes)) {
    const entry = bytes && (parseLine(bytes.toString('utf8')) as Entry | null);
    return entry ? { entry, end } : null;
  }
  return null;
}

/**
 * The text of an entry, of the wanted roles, that has the most terms. Null if a term is in none of them: the
 * index returns candidates in which a phrase may be split.
 */
function pickBestText(texts: SearchTexts, terms: readonly Term[], roles: readonly SearchRole[]) {
  const missing = new Set(terms);
  let best: { role: SearchRole; composed: string; places: [number, number][]; count: number } | null = null;
  for (const role of roles) {
    if (!texts[role]) continue;
    const searched = toSearched(texts[role]);
    const matches = terms
      .map((term) => ({ term, places: findPlaces(searched, term) }))
      .filter(({ places }) => places.length);
    for (const { term } of matches) missing.delete(term);
    const places = matches.flatMap((match) => match.places);
    if (matches.length > (best?.count ?? 0))
      best = { role, composed: searched.composed, places, count: matches.length };
  }
  const excerpt = best && !missing.size ? buildExcerpt(best.composed, best.places) : null;
  return best && excerpt ? { role: best.role, ...excerpt } : null;
}
