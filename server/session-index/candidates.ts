import { type Term, toMatch, toWordMatch } from '../transcript/query.ts';
import type { SearchQuery } from './port.ts';
import { type IndexFile, rowRange, toPlace } from './schema.ts';

/**
 * To order matches by how well they fit, all of them must be ranked: above this number the newest come first.
 */
const maxRanked = 800;

/** How many outputs of tools, which are long, are read in a search for a phrase. */
const maxOutputsRead = 60;

/** Joins the transcript of the session, which says where a sub-agent's transcript belongs. */
export const joinMainFile = `JOIN file AS main ON main.id =
  (SELECT id FROM file AS one WHERE one.session_id = file.session_id AND one.agent_id IS NULL LIMIT 1)`;

const saidRoles = ['user', 'assistant', 'tool'] as const;

type Table = 'said' | 'output';

export type Candidates = { rows: number[]; order: 'best' | 'newest' };

type RowSearch = { table: Table; match: string; files: readonly number[] | null; maxRows: number };

/** The rows of the index that match a query: best first, or newest first if there are very many. */
export function findCandidates(
  index: IndexFile,
  query: SearchQuery,
  terms: readonly Term[],
  maxRows: number,
): Candidates {
  const files = listFiles(index, query);
  const roles = saidRoles.filter((role) => query.roles.includes(role));
  const columns = roles.length < saidRoles.length ? `{${roles.join(' ')}} : ` : '';
  const said = roles.length
    ? findRows(index, { table: 'said', match: `${columns}(${toMatch(terms)})`, files, maxRows })
    : { rows: [], isRanked: true };
  const order = said.isRanked ? 'best' : 'newest';
  if (!query.roles.includes('output')) return { rows: said.rows, order };
  const output = findRows(index, { table: 'output', match: toWordMatch(terms), files, maxRows });
  const hasPhrase = terms.some(({ words }) => words.length > 1);
  const rows = [...said.rows, ...(hasPhrase ? output.rows.slice(0, maxOutputsRead) : output.rows)];
  return { rows: said.isRanked ? rows : rows.toSorted((a, b) => b - a), order };
}

/** The files that a query is restricted to, newest first; null for all. */
function listFiles(index: IndexFile, { project, since, until }: SearchQuery): number[] | null {
  if (!project && !since && !until) return null;
  const sql = `SELECT file.id FROM file LEFT ${joinMainFile}
    WHERE instr(lower(coalesce(file.project, main.project, '')), ?) > 0 AND file.modified_ms >= ?
      AND coalesce(json_extract(file.facts, '$.createdAt'), '') <= ? ORDER BY file.id DESC`;
  const times = [since ? Date.parse(since) : 0, until ?? '9'];
  return toIds(index.prepare(sql).all((project ?? '').toLowerCase(), ...times));
}

function findRows(
  index: IndexFile,
  { table, match, files, maxRows }: RowSearch,
): { rows: number[]; isRanked: boolean } {
  const from = `FROM ${table} WHERE ${table} MATCH ?`;
  const counted = index.prepare(`SELECT count(*) AS n FROM (SELECT 1 ${from} LIMIT ?)`);
  const { n } = counted.get(match, maxRanked + 1) as { n: number };
  const isRanked = n <= maxRanked;
  if (files && !isRanked) return { rows: findRowsInFiles(index, from, { match, files, maxRows }), isRanked };
  const order = isRanked && table === 'said' ? 'rank' : 'rowid DESC';
  const select = index.prepare(`SELECT rowid AS id ${from} ORDER BY ${order} LIMIT ?`);
  const ids = toIds(select.all(match, files ? maxRanked : maxRows));
  const wanted = files && new Set(files);
  return { rows: wanted ? ids.filter((id) => wanted.has(toPlace(id).fileId)) : ids, isRanked };
}

function findRowsInFiles(
  index: IndexFile,
  from: string,
  { match, files, maxRows }: { match: string; files: readonly number[]; maxRows: number },
): number[] {
  const rows: number[] = [];
  const select = index.prepare(
    `SELECT rowid AS id ${from} AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?`,
  );
  for (const id of files) {
    if (rows.length >= maxRows) break;
    rows.push(...toIds(select.all(match, ...rowRange(id), maxRows)));
  }
  return rows;
}

const toIds = (rows: unknown[]) => (rows as { id: number }[]).map(({ id }) => id);
