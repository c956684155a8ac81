import type { Session, SessionState } from '../../contract/session.ts';
import type { Agent, LiveSession } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { IndexedSession, SessionIndex } from '../session-index/port.ts';
import { diagnoseEnd, endAdvice } from '../session-record/end-reason.ts';
import type { TerminalSessions } from '../terminal/sessions.ts';
import { noActivity } from '../transcript/last-activity.ts';
import { noFacts } from '../transcript/metadata.ts';
import type { Lease, SessionLeases } from './lease.ts';
import type { Host, SessionFilter } from './port.ts';

/** So many that begin alike are named where one is asked for by the beginning of its id. */
const maxCandidates = 10;

const shortest = 4;

/** A process that has answered may take this long to leave its session: one with a background shell can stay. */
const takeOverMs = 5000;

const states: Readonly<Record<LiveSession['status'], SessionState>> = {
  busy: 'running',
  waiting: 'waiting',
  idle: 'idle',
};

export type SessionDirectoryDeps = {
  agent: Agent;
  sessionIndex: SessionIndex;
  terminals: TerminalSessions;
  /** Throws AppError where an argument is one that the server sets itself. */
  checkArgs(args: readonly string[]): void;
  now(): Date;
  newSessionId(): string;
  leases: SessionLeases;
  /** Throws AppError where a folder is not there, or not allowed. */
  resolveProject(path: string): Promise<string>;
  /** The conversations that go on with sessions, and what they do now: older CLIs do not tell of a process without a terminal. */
  conversations(): ReadonlyMap<string, OfSession>;
};

type OfSession = { id: string; title: string | null; state: 'idle' | 'running' | 'waiting' };

/** What is live, and which conversations there are, at one moment. */
type Now = {
  live: ReadonlyMap<string, LiveSession>;
  terminals: ReadonlyMap<string, { name: string; command: string }>;
  conversations: ReadonlyMap<string, OfSession>;
};

const emptySession = (id: string, project: string | null): IndexedSession => ({
  id,
  path: '',
  size: 0,
  modifiedAt: new Date(0).toISOString(),
  facts: { ...noFacts, project },
  kind: null,
  forkOf: null,
  problem: null,
});

/** A session of which no more is known than that a process has it open: it has no transcript before its first message. */
function fromLiveProcess({ sessionId, project, startedAt, kind }: LiveSession): IndexedSession {
  const known = emptySession(sessionId, project);
  return {
    ...known,
    kind,
    ...(startedAt ? { modifiedAt: startedAt, facts: { ...known.facts, createdAt: startedAt } } : {}),
  };
}

const noTranscript = (id: string) =>
  new AppError('session_not_found', `There is no transcript of session ${id} yet.`, { field: 'id' });

const inUse = (id: string) =>
  new AppError('session_busy', `A process that was started here still works in session ${id}.`);

/** This machine. */
export function createSessionDirectory({
  agent,
  sessionIndex,
  terminals,
  checkArgs,
  now: clock,
  newSessionId,
  leases,
  resolveProject,
  conversations,
}: SessionDirectoryDeps): Host {
  function toSession(known: IndexedSession, now: Now): Session {
    const { facts } = known;
    const live = now.live.get(known.id);
    const conversation = now.conversations.get(known.id);
    const own = conversation && conversation.state !== 'idle' ? conversation.state : null;
    return {
      id: known.id,
      project: facts.project,
      title: facts.customTitle ?? conversation?.title ?? live?.name ?? facts.ownTitle,
      first_message: facts.firstMessage,
      last_message: facts.lastMessage,
      state: own ?? (live ? states[live.status] : 'ended'),
      waiting_for: live?.waitingFor ?? null,
      kind: (live?.kind ?? known.kind) as Session['kind'],
      pid: live?.pid ?? null,
      turns: facts.turns,
      model: facts.model,
      git_branch: facts.gitBranch,
      forked_from: known.forkOf,
      created_at: facts.createdAt,
      modified_at: known.modifiedAt,
      size: known.size,
      cost: facts.cost,
      terminal: now.terminals.get(known.id) ?? null,
      conv_id: conversation?.id ?? null,
      bridge_url: live?.bridgeUrl ?? null,
      problem: known.problem,
    };
  }

  async function readLiveState(): Promise<Now> {
    const live = new Map((await agent.listLiveSessions()).map((one) => [one.sessionId, one]));
    return { live, terminals: await terminals.mapLiveTerminals(live), conversations: conversations() };
  }

  /** The live ones that fit, those among them without a transcript as well. */
  function liveRows(now: Now, filter: SessionFilter): Session[] {
    const { live } = now;
    const { rows } = sessionIndex.list({ ...filter, kind: undefined, only: [...live.keys()] }, live.size + 1);
    const known = new Set(rows.map(({ id }) => id));
    const project = filter.project?.toLowerCase();
    const matchesFilter = (one: LiveSession) =>
      !filter.q && (!project || one.project?.toLowerCase().includes(project));
    const unknown = [...live.values()].filter(
      (one) =>
        !known.has(one.sessionId) &&
        !sessionIndex.findByPrefix(one.sessionId, 1).length &&
        matchesFilter(one),
    );
    return [...rows, ...unknown.map(fromLiveProcess)]
      .map((row) => toSession(row, now))
      .filter(
        (row) =>
          (!filter.kind || row.kind === filter.kind) && (!filter.states || filter.states.includes(row.state)),
      )
      .toSorted((a, b) => b.modified_at.localeCompare(a.modified_at));
  }

  /** A session whose transcript the index has not come to yet. */
  async function findUnindexed(id: string): Promise<IndexedSession[]> {
    const found = /^[0-9a-f-]{36}$/.test(id) ? await agent.transcripts.find(id) : null;
    return found ? [{ ...emptySession(id, found.project), modifiedAt: new Date().toISOString() }] : [];
  }

  async function findSession(idOrPrefix: string): Promise<{ known: IndexedSession; now: Now }> {
    await sessionIndex.ready();
    const now = await readLiveState();
    const prefix = idOrPrefix.toLowerCase();
    const rows = sessionIndex.findByPrefix(prefix, maxCandidates + 1);
    for (const one of now.live.values()) {
      if (one.sessionId.startsWith(prefix) && !rows.some(({ id }) => id === one.sessionId))
        rows.push(fromLiveProcess(one));
    }
    if (!rows.length) rows.push(...(await findUnindexed(prefix)));
    const known = rows.find(({ id }) => id === prefix) ?? rows[0];
    if (!known || (prefix.length < shortest && known.id !== prefix)) {
      const short = prefix.length < shortest ? ` Give at least ${shortest} characters of an id.` : '';
      throw new AppError('session_not_found', `There is no session ${JSON.stringify(idOrPrefix)}.${short}`, {
        field: 'id',
      });
    }
    if (known.id !== prefix && rows.length > 1) {
      const candidates = rows
        .slice(0, maxCandidates)
        .map(({ id, facts }) => ({ id, project: facts.project }));
      const names = candidates.map(({ id, project }) => `${id} (${project ?? 'no project'})`).join(', ');
      const count = `${rows.length > maxCandidates ? 'more than ' : ''}${candidates.length}`;
      throw new AppError(
        'session_ambiguous',
        `${JSON.stringify(idOrPrefix)} begins ${count} sessions: ${names}.`,
        { field: 'id', candidates },
      );
    }
    // Of one that is just being written, or that the index has not come to, the transcript itself is asked.
    const found = known.facts.project === null && known.path ? await agent.transcripts.find(known.id) : null;
    return { known: found ? { ...known, facts: { ...known.facts, project: found.project } } : known, now };
  }

  async function readSession(id: string): Promise<Session> {
    const { known, now } = await findSession(id);
    return toSession(known, now);
  }

  /** Acquires a session for a terminal: from here on no turn begins in it. */
  async function takeOver(id: string, interrupt: (() => Promise<void>) | undefined): Promise<Lease> {
    // Its process is named by this error.
    if (leases.processOf(id) === 'terminal') await agent.requireFree(id);
    const waiting = new AbortController();
    const lease = leases.acquire(id, 'terminal', { signal: waiting.signal });
    try {
      await interrupt?.();
      const conversation = conversations().get(id);
      if (conversation && conversation.state !== 'idle') {
        const detail = `A turn of conversation ${conversation.id} runs in this session now.`;
        throw new AppError('conversation_busy', detail);
      }
      await (interrupt ? agent.live.close(id) : agent.live.release(id));
    } catch (error) {
      waiting.abort();
      lease.then((granted) => granted.release()).catch(() => {});
      throw error;
    }
    const timer = setTimeout(() => waiting.abort(inUse(id)), takeOverMs);
    return lease.finally(() => clearTimeout(timer));
  }

  return {
    async start({ project, name, model, permissionMode, args }) {
      checkArgs(args);
      const folder = await resolveProject(project);
      const lease = leases.adopt(newSessionId(), 'terminal');
      await terminals.openTerminal(
        { project: folder, isNew: true, name, model, permissionMode, extraArgs: args },
        lease,
      );
      return readSession(lease.sessionId);
    },
    async resume(asked, { model, permissionMode, interrupt }) {
      const { known } = await findSession(asked);
      const project = await resolveProject(known.facts.project ?? '');
      const lease = await takeOver(known.id, interrupt);
      await terminals.openTerminal(
        { project, isNew: false, name: null, model, permissionMode, extraArgs: [] },
        lease,
      );
      return readSession(known.id);
    },
    async send(asked, message) {
      const { known } = await findSession(asked);
      await terminals.send(known.id, message);
      const { id, state } = await readSession(known.id);
      return { id, state };
    },
    async interrupt(asked) {
      const { known } = await findSession(asked);
      await terminals.interrupt(known.id);
      const { id, state } = await readSession(known.id);
      return { id, state };
    },
    async screen(asked) {
      const { known } = await findSession(asked);
      return { id: known.id, text: await terminals.screen(known.id) };
    },
    async follow(asked, on) {
      const { known } = await findSession(asked);
      return terminals.follow(known.id, on);
    },
    async kill(asked) {
      const { known } = await findSession(asked);
      await terminals.kill(known.id);
      return { killed: known.id };
    },
    async killIdle({ idleS, busy }) {
      const now = await readLiveState();
      const [killed, failed]: [string[], { id: string; detail: string }[]] = [[], []];
      for (const id of now.terminals.keys()) {
        // As it is now: ending those before it has taken seconds.
        const live = (await agent.listLiveSessions()).find(({ sessionId }) => sessionId === id);
        const doneAt = Math.max(
          live?.statusAt ?? 0,
          Date.parse(sessionIndex.findByPrefix(id, 1)[0]?.modifiedAt ?? live?.startedAt ?? ''),
        );
        if (!live || (live.status !== 'idle' && !busy) || clock().getTime() - doneAt < idleS * 1000) continue;
        await terminals.kill(id).then(
          () => killed.push(id),
          (error) => failed.push({ id, detail: (error as Error).message }),
        );
      }
      return { killed, failed };
    },
    async repair(asked, { dryRun }) {
      const { known, now } = await findSession(asked);
      const live = now.live.get(known.id);
      // What it is in the middle of looks like damage.
      if (!dryRun && live)
        throw new AppError(
          'session_busy',
          `Session ${known.id} is open in process ${live.pid}: it can be mended when that has ended.`,
        );
      const project = known.facts.project ?? '';
      const lease = dryRun ? null : leases.tryAcquire(known.id, 'repair');
      if (!dryRun && !lease) throw inUse(known.id);
      const copyId = dryRun ? null : newSessionId();
      const found = await agent.transcripts
        .repair(known.id, project || undefined, copyId)
        .finally(() => lease?.release());
      if (!found) throw noTranscript(known.id);
      const { isCopied, ...told } = found;
      return { ...told, id: known.id, copy: isCopied && copyId ? { session_id: copyId, project } : null };
    },
    async rename(asked, title) {
      const { known } = await findSession(asked);
      if (
        !(await terminals.rename(known.id, title)) &&
        !(await agent.transcripts.setTitle(known.id, known.facts.project ?? undefined, title))
      )
        throw noTranscript(known.id);
      // The index comes to it in a moment.
      return { ...(await readSession(known.id)), title };
    },
    async sessions(filter) {
      await sessionIndex.ready();
      const now = await readLiveState();
      const from = filter.cursor === undefined ? 0 : liveCursor(filter.cursor);
      const after = from === null ? parseCursor(filter.cursor ?? '') : undefined;
      const all = from === null ? [] : liveRows(now, filter);
      const first = all.slice(from ?? 0, (from ?? 0) + filter.limit);
      const isEndedWanted = !filter.states || filter.states.includes('ended');
      const room = filter.limit - first.length;
      const seen = (from ?? 0) + first.length;
      if (from !== null && (seen < all.length || (room === 0 && isEndedWanted)))
        return { sessions: first, next: `live.${seen}`, indexing: sessionIndex.indexing() };
      const ended = isEndedWanted
        ? sessionIndex.list({ ...filter, without: [...now.live.keys()] }, room, after)
        : { rows: [], next: null };
      const { next } = ended;
      return {
        sessions: [...first, ...ended.rows.map((row) => toSession(row, now))],
        next: next && `${next.modifiedMs}.${next.row}`,
        indexing: sessionIndex.indexing(),
      };
    },
    session: readSession,
    async messages(id, page) {
      const { known } = await findSession(id);
      const found = await agent.transcripts.readPage(known.id, known.facts.project ?? '', page);
      return { ...found, turns: [], session_id: known.id };
    },
    async diagnose(id) {
      const { known, now } = await findSession(id);
      const isLive = now.live.has(known.id);
      // One that is open has no transcript before its first message.
      const deeds =
        (await agent.transcripts.readLastActivity(known.id, known.facts.project ?? undefined)) ??
        (isLive ? { ...noActivity } : null);
      if (!deeds) throw noTranscript(known.id);
      const { isToolOpen: _open, ends: _ends, wasShortOfMemory: _memory, ...told } = deeds;
      const reason = diagnoseEnd(deeds, isLive);
      return {
        ...told,
        id: known.id,
        state: toSession(known, now).state,
        reason,
        advice: endAdvice[reason].replace('<id>', known.id),
      };
    },
    async search(query) {
      await sessionIndex.ready();
      const { hits, order } = await sessionIndex.search(query);
      const known = conversations();
      return {
        hits: hits.map(({ sessionId, messageId, agentId, ...hit }) => ({
          ...hit,
          session_id: sessionId,
          message_id: messageId,
          agent_id: agentId,
          conv_id: known.get(sessionId)?.id ?? null,
        })),
        order,
        indexing: sessionIndex.indexing(),
      };
    },
    async readPromptHistory(filter) {
      const found = await agent.transcripts.readPromptHistory(filter);
      return found.map(({ sessionId, ...typed }) => ({ ...typed, session_id: sessionId }));
    },
  };
}

/** How many of the live ones the pages before had; null for a cursor among the ended ones. */
function liveCursor(text: string): number | null {
  const found = /^live\.(\d+)$/.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

function parseCursor(text: string): { modifiedMs: number; row: number } {
  const match = /^(\d+(?:\.\d+)?)\.(\d+)$/.exec(text);
  if (!match)
    throw new AppError('invalid_request', 'cursor: use the one that a page of this list gave as `next`', {
      field: 'cursor',
    });
  return { modifiedMs: Number(match[1]), row: Number(match[2]) };
}
