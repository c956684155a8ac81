import type { Agent } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { IndexedSession, SessionIndex } from '../session-index/port.ts';
import type { TerminalSessions } from '../terminal/sessions.ts';
import {
  emptySession,
  fromLiveProcess,
  type LiveState,
  type SessionConversation,
} from './present-session.ts';

/** How many sessions an error names if an id prefix matches several. */
const maxCandidates = 10;

/** A shorter id prefix names nothing. */
const minPrefix = 4;

export type SessionFinderDeps = {
  agent: Agent;
  sessionIndex: SessionIndex;
  terminals: TerminalSessions;
  /** The conversations of sessions. */
  conversations(): ReadonlyMap<string, SessionConversation>;
};

export type SessionMatch = { session: IndexedSession; state: LiveState };

/** Finds sessions by id, in the index and among the processes that run now. */
export class SessionFinder {
  readonly #deps: SessionFinderDeps;

  constructor(deps: SessionFinderDeps) {
    this.#deps = deps;
  }

  async readLiveState(): Promise<LiveState> {
    const { agent, terminals, conversations } = this.#deps;
    const sessions = await agent.listLiveSessions();
    const live = new Map(sessions.map((session) => [session.sessionId, session]));
    return { live, terminals: await terminals.mapLiveTerminals(live), conversations: conversations() };
  }

  /** By a whole id or an id prefix. Throws AppError `session_not_found` or `session_ambiguous`. */
  async findSession(idOrPrefix: string): Promise<SessionMatch> {
    await this.#deps.sessionIndex.ready();
    const state = await this.readLiveState();
    const prefix = idOrPrefix.toLowerCase();
    const candidates = await this.#listCandidates(prefix, state);
    const session = candidates.find(({ id }) => id === prefix) ?? candidates[0];
    if (!session || (prefix.length < minPrefix && session.id !== prefix)) throw notFound(idOrPrefix);
    if (session.id !== prefix && candidates.length > 1) throw ambiguous(idOrPrefix, candidates);
    return { session: await this.#addProject(session), state };
  }

  async #listCandidates(prefix: string, { live }: LiveState): Promise<IndexedSession[]> {
    const candidates = this.#deps.sessionIndex.findByPrefix(prefix, maxCandidates + 1);
    for (const session of live.values()) {
      const isNew = !candidates.some(({ id }) => id === session.sessionId);
      if (session.sessionId.startsWith(prefix) && isNew) candidates.push(fromLiveProcess(session));
    }
    return candidates.length ? candidates : this.#findUnindexed(prefix);
  }

  /** A session whose transcript is not in the index yet. */
  async #findUnindexed(id: string): Promise<IndexedSession[]> {
    const transcript = /^[0-9a-f-]{36}$/.test(id) ? await this.#deps.agent.transcripts.find(id) : null;
    if (!transcript) return [];
    return [{ ...emptySession(id, transcript.project), modifiedAt: new Date().toISOString() }];
  }

  /**
   * Reads the project from the transcript if the index does not have it, as while the transcript is being
   * written.
   */
  async #addProject(session: IndexedSession): Promise<IndexedSession> {
    if (session.facts.project !== null || !session.path) return session;
    const transcript = await this.#deps.agent.transcripts.find(session.id);
    if (!transcript) return session;
    return { ...session, facts: { ...session.facts, project: transcript.project } };
  }
}

function notFound(idOrPrefix: string): AppError {
  const isShort = idOrPrefix.length < minPrefix;
  const advice = isShort ? ` Give at least ${minPrefix} characters of an id.` : '';
  const detail = `There is no session ${JSON.stringify(idOrPrefix)}.${advice}`;
  return new AppError('session_not_found', detail, { field: 'id' });
}

function ambiguous(prefix: string, sessions: readonly IndexedSession[]): AppError {
  const candidates = sessions
    .slice(0, maxCandidates)
    .map(({ id, facts }) => ({ id, project: facts.project }));
  const names = candidates.map(({ id, project }) => `${id} (${project ?? 'no project'})`).join(', ');
  const count = `${sessions.length > maxCandidates ? 'more than ' : ''}${candidates.length}`;
  const detail = `${JSON.stringify(prefix)} begins ${count} sessions: ${names}.`;
  return new AppError('session_ambiguous', detail, { field: 'id', candidates });
}
