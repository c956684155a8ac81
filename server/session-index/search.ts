import { type FileHandle, open } from 'node:fs/promises';
import type { SearchRole } from '../../contract/session.ts';
import { AppError } from '../app-error.ts';
import type { Entry } from '../transcript/entry.ts';
import { formatCursor } from '../transcript/history-page.ts';
import { parseLine } from '../transcript/jsonl.ts';
import {
  buildExcerpt,
  findPlaces,
  parseQuery,
  type Term,
  toMatch,
  toSearched,
  toWordMatch,
} from '../transcript/query.ts';
import { extractTexts, type SearchTexts } from '../transcript/search-text.ts';
import { readLinesForward } from '../transcript-file/read-forward.ts';
import type { SearchMatch, SearchQuery } from './port.ts';
import { type IndexFile, rowRange, toPlace } from './schema.ts';

/** To put what was found in the order of how well it fits, all of it must be looked at: above this number the newest come first. */
const maxRanked = 800;

/** So many places are looked at for those that fit in all else: the time, phrases in the output of tools. */
const maxLooked = 200;

/** When a message was said is in the transcripts alone: of those that are looked at for that most are passed over. */
const maxLookedByTime = 5000;

/** Of the output of tools, which is long, only so many where a phrase is looked for. */
const maxOutputsRead = 60;

/** A message of usual length is read at once. */
const lineBytes = 16 * 1024;

type Table = 'said' | 'output';
type FileRow = {
  id: number;
  path: string;
  session_id: string;
  agent_id: string | null;
  project: string | null;
  title: string | null;
};

/** The transcript of its session, which says where a sub-agent's one belongs. */
const ofSession =
  'JOIN file AS main ON main.id = (SELECT id FROM file AS one WHERE one.session_id = file.session_id AND one.agent_id IS NULL LIMIT 1)';

const saidRoles = ['user', 'assistant', 'tool'] as const;

/** Reads the line that begins at a place; null where it is no longer what was indexed. */
async function readEntryAt(file: FileHandle, start: number): Promise<{ entry: Entry; end: number } | null> {
  for await (const { bytes, end } of readLinesForward(file, start, lineBytes)) {
    const entry = bytes && (parseLine(bytes.toString('utf8')) as Entry | null);
    return entry ? { entry, end } : null;
  }
  return null;
}

/**
 * The text of an entry in which most of the terms are, of those roles that are wanted. Null if a term is in none of
 * them: the index gives candidates, in which the words of a phrase may stand apart.
 */
function pickBestText(texts: SearchTexts, terms: readonly Term[], roles: readonly SearchRole[]) {
  const missing = new Set(terms);
  let best: { role: SearchRole; composed: string; findPlaces: [number, number][]; count: number } | null =
    null;
  for (const role of roles) {
    if (!texts[role]) continue;
    const searched = toSearched(texts[role]);
    const found = terms
      .map((term) => ({ term, places: findPlaces(searched, term) }))
      .filter(({ places }) => places.length);
    for (const { term } of found) missing.delete(term);
    const places = found.flatMap((one) => one.places);
    if (found.length > (best?.count ?? 0))
      best = { role, composed: searched.composed, findPlaces: places, count: found.length };
  }
  const excerpt = best && !missing.size ? buildExcerpt(best.composed, best.findPlaces) : null;
  return best && excerpt ? { role: best.role, ...excerpt } : null;
}

/** Finds the words in the index, and shows them as they stand in the transcripts. */
export function createSearch(index: IndexFile) {
  const fileById = index.prepare(
    `SELECT file.id, file.path, file.session_id, file.agent_id, coalesce(file.project, main.project) AS project,
      coalesce(json_extract(main.facts, '$.customTitle'), json_extract(main.facts, '$.ownTitle')) AS title
      FROM file LEFT ${ofSession} WHERE file.id = ?`,
  );

  function listFiles({ project, since, until }: SearchQuery): number[] | null {
    if (!project && !since && !until) return null;
    const sql = `SELECT file.id FROM file LEFT ${ofSession} WHERE instr(lower(coalesce(file.project, main.project, '')), ?) > 0
      AND file.modified_ms >= ? AND coalesce(json_extract(file.facts, '$.createdAt'), '') <= ? ORDER BY file.id DESC`;
    const times = [since ? Date.parse(since) : 0, until ?? '9'];
    const rows = index.prepare(sql).all((project ?? '').toLowerCase(), ...times) as { id: number }[];
    return rows.map(({ id }) => id);
  }

  /** The rows in which the words are: best first, or (of very many) newest first. */
  function rowsWith(
    table: Table,
    match: string,
    files: readonly number[] | null,
    looked: number,
  ): { rows: number[]; isRanked: boolean } {
    const from = `FROM ${table} WHERE ${table} MATCH ?`;
    const { n } = index
      .prepare(`SELECT count(*) AS n FROM (SELECT 1 ${from} LIMIT ?)`)
      .get(match, maxRanked + 1) as { n: number };
    const isRanked = n <= maxRanked;
    const order = isRanked && table === 'said' ? 'rank' : 'rowid DESC';
    if (!files || isRanked) {
      const own = files && new Set(files);
      const found = index
        .prepare(`SELECT rowid AS id ${from} ORDER BY ${order} LIMIT ?`)
        .all(match, own ? maxRanked : looked) as { id: number }[];
      return {
        rows: found.map(({ id }) => id).filter((id) => !own || own.has(toPlace(id).fileId)),
        isRanked,
      };
    }
    const rows: number[] = [];
    const inFile = index.prepare(
      `SELECT rowid AS id ${from} AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?`,
    );
    for (const id of files) {
      if (rows.length >= looked) break;
      rows.push(...(inFile.all(match, ...rowRange(id), looked) as { id: number }[]).map((row) => row.id));
    }
    return { rows, isRanked };
  }

  function candidates(
    query: SearchQuery,
    terms: readonly Term[],
    looked: number,
  ): { rows: number[]; order: 'best' | 'newest' } {
    const files = listFiles(query);
    const said = saidRoles.filter((role) => query.roles.includes(role));
    const columns = said.length < saidRoles.length ? `{${said.join(' ')}} : ` : '';
    const found = said.length
      ? rowsWith('said', `${columns}(${toMatch(terms)})`, files, looked)
      : { rows: [], isRanked: true };
    if (!query.roles.includes('output'))
      return { rows: found.rows, order: found.isRanked ? 'best' : 'newest' };
    const output = rowsWith('output', toWordMatch(terms), files, looked);
    if (terms.some(({ words }) => words.length > 1)) output.rows.splice(maxOutputsRead);
    if (found.isRanked) return { rows: [...found.rows, ...output.rows], order: 'best' };
    return { rows: [...found.rows, ...output.rows].toSorted((a, b) => b - a), order: 'newest' };
  }

  return async function search(
    query: SearchQuery,
  ): Promise<{ hits: SearchMatch[]; order: 'best' | 'newest' }> {
    const terms = parseQuery(query.q);
    if (!terms.length) throw new AppError('invalid_request', 'q: give at least one word', { field: 'q' });
    const looked = query.since || query.until ? maxLookedByTime : maxLooked;
    const { rows, order } = candidates(query, terms, looked);
    const hits: SearchMatch[] = [];
    const shown = new Set<string>();
    const open_ = new Map<number, { file: FileRow; handle: FileHandle } | null>();
    async function getFile(id: number) {
      const known = open_.get(id);
      if (known !== undefined) return known;
      const file = fileById.get(id) as FileRow | undefined;
      const handle = file && (await open(file.path, 'r').catch(() => null));
      const found = file && handle ? { file, handle } : null;
      open_.set(id, found);
      return found;
    }
    try {
      for (const row of rows.slice(0, looked)) {
        if (hits.length >= query.limit) break;
        const { fileId, start } = toPlace(row);
        const source = await getFile(fileId);
        const found = source && (await readEntryAt(source.handle, start));
        const texts = found && extractTexts(found.entry);
        if (!source || !texts) continue;
        const { entry, end } = found;
        const at = typeof entry.timestamp === 'string' ? entry.timestamp : null;
        // A fork has the messages of what it was made from: each is shown once.
        if (entry.uuid && shown.has(entry.uuid)) continue;
        if ((query.since && (at ?? '') < query.since) || (query.until && (at ?? '') > query.until)) continue;
        const best = pickBestText(texts, terms, query.roles);
        if (!best) continue;
        if (entry.uuid) shown.add(entry.uuid);
        hits.push({
          sessionId: source.file.session_id,
          project: source.file.project,
          title: source.file.title,
          messageId: entry.uuid ?? null,
          role: best.role,
          at,
          excerpt: best.excerpt,
          marks: best.marks,
          agentId: source.file.agent_id,
          before: source.file.agent_id === null ? formatCursor({ end, uuid: entry.uuid ?? '' }) : null,
        });
      }
    } finally {
      for (const source of open_.values()) await source?.handle.close();
    }
    return { hits, order };
  };
}
