import type { z } from 'zod';
import type { HistoryPage } from '../../contract/message.ts';
import type { Repair } from '../../contract/repair.ts';
import type { Diagnosis, SearchAnswer, Session, SessionPage, TypedPrompt } from '../../contract/session.ts';
import { AppError } from '../app-error.ts';
import type { SearchQuery } from '../session-index/port.ts';
import { diagnoseEnd, endAdvice } from '../session-record/end-reason.ts';
import type { TerminalListener, TerminalStream } from '../terminal/port.ts';
import { noActivity } from '../transcript/last-activity.ts';
import { SessionFinder, type SessionFinderDeps } from './find-session.ts';
import type { Lease, SessionLeases } from './lease.ts';
import { listSessions } from './list-sessions.ts';
import type { Host, SessionFilter } from './port.ts';
import { presentSession } from './present-session.ts';

/**
 * How long a process that has answered may take to leave its session: with a background shell it can stay.
 */
const takeOverTimeoutMs = 5000;

export type SessionDirectoryDeps = SessionFinderDeps & {
  /** Throws AppError if an argument is one that the server sets itself. */
  checkArgs(args: readonly string[]): void;
  now(): Date;
  newSessionId(): string;
  leases: SessionLeases;
  /** Throws AppError if a folder does not exist or is not allowed. */
  resolveProject(path: string): Promise<string>;
};

type ShortSession = Pick<Session, 'id' | 'state'>;

const noTranscript = (id: string) =>
  new AppError('session_not_found', `There is no transcript of session ${id} yet.`, { field: 'id' });

const inUse = (id: string) =>
  new AppError('session_busy', `A process that was started here still works in session ${id}.`);

export const createSessionDirectory = (deps: SessionDirectoryDeps): Host => new SessionDirectory(deps);

/** The sessions on this machine. */
class SessionDirectory implements Host {
  readonly #deps: SessionDirectoryDeps;
  readonly #finder: SessionFinder;

  constructor(deps: SessionDirectoryDeps) {
    this.#deps = deps;
    this.#finder = new SessionFinder(deps);
  }

  async sessions(filter: SessionFilter): Promise<z.infer<typeof SessionPage>> {
    await this.#deps.sessionIndex.ready();
    return listSessions(this.#deps.sessionIndex, await this.#finder.readLiveState(), filter);
  }

  async session(idOrPrefix: string): Promise<Session> {
    const { session, state } = await this.#finder.findSession(idOrPrefix);
    return presentSession(session, state);
  }

  async messages(
    idOrPrefix: string,
    page: { limit: number; before?: string | undefined },
  ): Promise<HistoryPage> {
    const { session } = await this.#finder.findSession(idOrPrefix);
    const { transcripts } = this.#deps.agent;
    const history = await transcripts.readPage(session.id, session.facts.project ?? '', page);
    return { ...history, turns: [], session_id: session.id };
  }

  async diagnose(idOrPrefix: string): Promise<Diagnosis> {
    const { session, state } = await this.#finder.findSession(idOrPrefix);
    const { id, facts } = session;
    const isLive = state.live.has(id);
    const { transcripts } = this.#deps.agent;
    // A live session has no transcript before its first message.
    const activity =
      (await transcripts.readLastActivity(id, facts.project ?? undefined)) ?? (isLive ? noActivity : null);
    if (!activity) throw noTranscript(id);
    const { isToolOpen: _open, ends: _ends, wasShortOfMemory: _memory, ...fields } = activity;
    const reason = diagnoseEnd(activity, isLive);
    return {
      ...fields,
      id,
      state: presentSession(session, state).state,
      reason,
      advice: endAdvice[reason].replace('<id>', id),
    };
  }

  async search(query: SearchQuery): Promise<z.infer<typeof SearchAnswer>> {
    const { sessionIndex, conversations } = this.#deps;
    await sessionIndex.ready();
    const { hits, order } = await sessionIndex.search(query);
    const bySession = conversations();
    return {
      hits: hits.map(({ sessionId, messageId, agentId, ...hit }) => ({
        ...hit,
        session_id: sessionId,
        message_id: messageId,
        agent_id: agentId,
        conv_id: bySession.get(sessionId)?.id ?? null,
      })),
      order,
      indexing: sessionIndex.indexing(),
    };
  }

  async start({
    project,
    name,
    model,
    permissionMode,
    args,
  }: Parameters<Host['start']>[0]): Promise<Session> {
    const { checkArgs, resolveProject, leases, newSessionId, terminals } = this.#deps;
    checkArgs(args);
    const folder = await resolveProject(project);
    const lease = leases.adopt(newSessionId(), 'terminal');
    const launch = { project: folder, isNew: true, name, model, permissionMode, extraArgs: args };
    await terminals.openTerminal(launch, lease);
    return this.session(lease.sessionId);
  }

  async resume(
    idOrPrefix: string,
    { model, permissionMode, interrupt }: Parameters<Host['resume']>[1],
  ): Promise<Session> {
    const { session } = await this.#finder.findSession(idOrPrefix);
    const project = await this.#deps.resolveProject(session.facts.project ?? '');
    const lease = await this.#takeOver(session.id, interrupt);
    const launch = { project, isNew: false, name: null, model, permissionMode, extraArgs: [] };
    await this.#deps.terminals.openTerminal(launch, lease);
    return this.session(session.id);
  }

  async send(idOrPrefix: string, message: string): Promise<ShortSession> {
    const sessionId = await this.#findId(idOrPrefix);
    await this.#deps.terminals.send(sessionId, message);
    const { id, state } = await this.session(sessionId);
    return { id, state };
  }

  async interrupt(idOrPrefix: string): Promise<ShortSession> {
    const sessionId = await this.#findId(idOrPrefix);
    await this.#deps.terminals.interrupt(sessionId);
    const { id, state } = await this.session(sessionId);
    return { id, state };
  }

  async screen(idOrPrefix: string): Promise<{ id: string; text: string }> {
    const id = await this.#findId(idOrPrefix);
    return { id, text: await this.#deps.terminals.screen(id) };
  }

  async follow(idOrPrefix: string, listener: TerminalListener): Promise<TerminalStream> {
    return this.#deps.terminals.follow(await this.#findId(idOrPrefix), listener);
  }

  async kill(idOrPrefix: string): Promise<{ killed: string }> {
    const id = await this.#findId(idOrPrefix);
    await this.#deps.terminals.kill(id);
    return { killed: id };
  }

  async killIdle({ idleS, busy }: Parameters<Host['killIdle']>[0]): ReturnType<Host['killIdle']> {
    const killed: string[] = [];
    const failed: { id: string; detail: string }[] = [];
    const { terminals } = await this.#finder.readLiveState();
    for (const id of terminals.keys()) {
      if (!(await this.#isIdle(id, { idleS, busy }))) continue;
      try {
        await this.#deps.terminals.kill(id);
        killed.push(id);
      } catch (error) {
        failed.push({ id, detail: (error as Error).message });
      }
    }
    return { killed, failed };
  }

  async repair(idOrPrefix: string, { dryRun }: { dryRun: boolean }): Promise<Repair> {
    const { session, state } = await this.#finder.findSession(idOrPrefix);
    const { id } = session;
    const live = state.live.get(id);
    // An unfinished turn looks like damage.
    if (!dryRun && live) {
      const detail = `Session ${id} is open in process ${live.pid}: it can be repaired when that has ended.`;
      throw new AppError('session_busy', detail);
    }
    const { leases, newSessionId, agent } = this.#deps;
    const project = session.facts.project ?? '';
    const lease = dryRun ? null : leases.tryAcquire(id, 'repair');
    if (!dryRun && !lease) throw inUse(id);
    const copyId = dryRun ? null : newSessionId();
    const report = await agent.transcripts
      .repair(id, project || undefined, copyId)
      .finally(() => lease?.release());
    if (!report) throw noTranscript(id);
    const { isCopied, ...fields } = report;
    return { ...fields, id, copy: isCopied && copyId ? { session_id: copyId, project } : null };
  }

  async rename(idOrPrefix: string, title: string): Promise<Session> {
    const { session } = await this.#finder.findSession(idOrPrefix);
    const { terminals, agent } = this.#deps;
    const isRenamed =
      (await terminals.rename(session.id, title)) ||
      (await agent.transcripts.setTitle(session.id, session.facts.project ?? undefined, title));
    if (!isRenamed) throw noTranscript(session.id);
    // The index reads the new title a moment later.
    return { ...(await this.session(session.id)), title };
  }

  async readPromptHistory(filter: Parameters<Host['readPromptHistory']>[0]): Promise<TypedPrompt[]> {
    const history = await this.#deps.agent.transcripts.readPromptHistory(filter);
    return history.map(({ sessionId, ...prompt }) => ({ ...prompt, session_id: sessionId }));
  }

  async #findId(idOrPrefix: string): Promise<string> {
    return (await this.#finder.findSession(idOrPrefix)).session.id;
  }

  /** Whether nothing was done in a terminal for `idleS` seconds; a busy one counts only with `busy`. */
  async #isIdle(id: string, { idleS, busy }: { idleS: number; busy: boolean }): Promise<boolean> {
    const { agent, sessionIndex, now } = this.#deps;
    // Read again: ending earlier terminals has taken seconds.
    const live = (await agent.listLiveSessions()).find(({ sessionId }) => sessionId === id);
    if (!live || (live.status !== 'idle' && !busy)) return false;
    const modifiedAt = sessionIndex.findByPrefix(id, 1)[0]?.modifiedAt ?? live.startedAt ?? '';
    const activeAt = Math.max(live.statusAt ?? 0, Date.parse(modifiedAt));
    return !(now().getTime() - activeAt < idleS * 1000);
  }

  /** Acquires a session for a terminal: from here on no turn begins in it. */
  async #takeOver(id: string, interrupt: (() => Promise<void>) | undefined): Promise<Lease> {
    const { agent, leases, conversations } = this.#deps;
    // Its error names the process of the terminal.
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
    const timer = setTimeout(() => waiting.abort(inUse(id)), takeOverTimeoutMs);
    return lease.finally(() => clearTimeout(timer));
  }
}
