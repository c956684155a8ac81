import { describeProblem, noFacts, type SessionMetadata } from '../transcript/metadata.ts';
import type { IndexedSession, SessionIndexFilter } from './port.ts';
import type { IndexFile } from './schema.ts';

type Row = {
  id: number;
  path: string;
  session_id: string;
  size: number;
  modified_ms: number;
  facts_to: number;
  text_to: number;
  facts: string;
  error: string | null;
  kind: string | null;
  fork_of: string | null;
};

/** The oldest other session with the same first entry, if it is older than this one. */
const forkOf = `(SELECT other.session_id FROM file AS other
  WHERE other.first_uuid = file.first_uuid AND other.session_id <> file.session_id AND other.agent_id IS NULL
  AND json_extract(other.facts, '$.createdAt') <= json_extract(file.facts, '$.createdAt') AND other.id < file.id
  ORDER BY other.id LIMIT 1)`;

const columns = `id, path, session_id, size, modified_ms, facts_to, text_to, facts, error, kind,
  ${forkOf} AS fork_of`;

function toIndexedSession(row: Row): IndexedSession {
  const facts: SessionMetadata = row.facts ? JSON.parse(row.facts) : noFacts;
  const isRead = row.facts_to > 0 && row.text_to === row.facts_to;
  const cut = isRead && row.size > row.facts_to ? 'Its last line is cut.' : null;
  const problem = row.error ?? (isRead || row.size === 0 ? (describeProblem(facts, row.size) ?? cut) : null);
  return {
    id: row.session_id,
    path: row.path,
    size: row.size,
    modifiedAt: new Date(row.modified_ms).toISOString(),
    facts,
    kind: row.kind,
    forkOf: facts.forkedFrom ?? row.fork_of,
    problem,
  };
}

/** Escapes a text for a LIKE. */
const literal = (text: string) => text.toLowerCase().replaceAll(/[\\%_]/g, '\\$&');

/** If a session is in the folders of two projects, the file that was written last counts. */
const newestOfSession = `agent_id IS NULL AND NOT EXISTS (SELECT 1 FROM file AS newer
  WHERE newer.session_id = file.session_id AND newer.agent_id IS NULL AND newer.modified_ms > file.modified_ms)`;

function conditions({ project, kind, q, withForks, only, without }: SessionIndexFilter): {
  sql: string[];
  values: unknown[];
} {
  const sql = [newestOfSession];
  const values: unknown[] = [];
  const add = (condition: string, ...more: unknown[]) => {
    sql.push(condition);
    values.push(...more);
  };
  if (project) add("lower(project) LIKE ? ESCAPE '\\'", `%${literal(project)}%`);
  if (kind) add('kind = ?', kind);
  if (q) add("looked_for LIKE ? ESCAPE '\\'", `%${literal(q)}%`);
  if (!withForks) add(`json_extract(facts, '$.forkedFrom') IS NULL AND ${forkOf} IS NULL`);
  if (only) add('session_id IN (SELECT value FROM json_each(?))', JSON.stringify(only));
  if (without?.length) add('session_id NOT IN (SELECT value FROM json_each(?))', JSON.stringify(without));
  return { sql, values };
}

/** The matching transcripts, newest first, and where the next page begins. */
export function listIndexed(
  index: IndexFile,
  filter: SessionIndexFilter,
  limit: number,
  after?: { modifiedMs: number; row: number },
) {
  const { sql, values } = conditions(filter);
  if (after) {
    sql.push('(modified_ms, id) < (?, ?)');
    values.push(after.modifiedMs, after.row);
  }
  const rows = index
    .prepare(
      `SELECT ${columns} FROM file WHERE ${sql.join(' AND ')} ORDER BY modified_ms DESC, id DESC LIMIT ?`,
    )
    .all(...values, limit + 1) as Row[];
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown.map(toIndexedSession),
    next: rows.length > limit && last ? { modifiedMs: last.modified_ms, row: last.id } : null,
  };
}

export function findByPrefix(index: IndexFile, prefix: string, limit: number): IndexedSession[] {
  const sql = `SELECT ${columns} FROM file WHERE session_id >= ? AND session_id < ? AND ${newestOfSession}
    ORDER BY modified_ms DESC LIMIT ?`;
  return (index.prepare(sql).all(prefix, `${prefix}\uffff`, limit) as Row[]).map(toIndexedSession);
}
