import type { z } from 'zod';
import type { Session, SessionPage } from '../../contract/session.ts';
import { AppError } from '../app-error.ts';
import type { SessionIndex } from '../session-index/port.ts';
import type { SessionFilter } from './port.ts';
import { fromLiveProcess, type LiveState, presentSession } from './present-session.ts';

/** Lists a page of sessions: live ones first, then the ended ones, newest first. */
export function listSessions(
  sessionIndex: SessionIndex,
  state: LiveState,
  filter: SessionFilter,
): z.infer<typeof SessionPage> {
  const indexing = sessionIndex.indexing();
  const liveOffset = filter.cursor === undefined ? 0 : parseLiveCursor(filter.cursor);
  const after = liveOffset === null ? parseCursor(filter.cursor ?? '') : undefined;
  const live = liveOffset === null ? [] : listLive(sessionIndex, state, filter);
  const offset = liveOffset ?? 0;
  const first = live.slice(offset, offset + filter.limit);
  const isEndedWanted = !filter.states || filter.states.includes('ended');
  const room = filter.limit - first.length;
  const seen = offset + first.length;
  if (liveOffset !== null && (seen < live.length || (room === 0 && isEndedWanted)))
    return { sessions: first, next: `live.${seen}`, indexing };
  if (!isEndedWanted) return { sessions: first, next: null, indexing };
  const ended = sessionIndex.list({ ...filter, without: [...state.live.keys()] }, room, after);
  return {
    sessions: [...first, ...ended.rows.map((row) => presentSession(row, state))],
    next: ended.next && `${ended.next.modifiedMs}.${ended.next.row}`,
    indexing,
  };
}

/** The live sessions that match, including those without a transcript. */
function listLive(sessionIndex: SessionIndex, state: LiveState, filter: SessionFilter): Session[] {
  const { live } = state;
  const { rows } = sessionIndex.list({ ...filter, kind: undefined, only: [...live.keys()] }, live.size + 1);
  const listed = new Set(rows.map(({ id }) => id));
  const project = filter.project?.toLowerCase();
  const unindexed = [...live.values()].filter(
    (session) =>
      !listed.has(session.sessionId) &&
      !sessionIndex.findByPrefix(session.sessionId, 1).length &&
      !filter.q &&
      (!project || session.project?.toLowerCase().includes(project)),
  );
  return [...rows, ...unindexed.map(fromLiveProcess)]
    .map((row) => presentSession(row, state))
    .filter(({ kind }) => !filter.kind || kind === filter.kind)
    .filter((session) => !filter.states || filter.states.includes(session.state))
    .toSorted((a, b) => b.modified_at.localeCompare(a.modified_at));
}

/** How many of the live sessions the earlier pages had; null for a cursor among the ended ones. */
function parseLiveCursor(text: string): number | null {
  const count = /^live\.(\d+)$/.exec(text)?.[1];
  return count === undefined ? null : Number(count);
}

function parseCursor(text: string): { modifiedMs: number; row: number } {
  const match = /^(\d+(?:\.\d+)?)\.(\d+)$/.exec(text);
  if (match) return { modifiedMs: Number(match[1]), row: Number(match[2]) };
  const detail = 'cursor: use the one that a page of this list gave as `next`';
  throw new AppError('invalid_request', detail, { field: 'cursor' });
}
