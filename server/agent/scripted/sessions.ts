import { stat } from 'node:fs/promises';
import { AppError } from '../../app-error.ts';
import type { Lease, SessionLeases } from '../../session/lease.ts';
import { type AwakeTimer, startAwakeTimer } from '../../util/awake-timer.ts';
import { createMutex } from '../../util/mutex.ts';
import { LiveListeners } from '../claude/live/live-listeners.ts';
import type { AgentOutput, Launch, LiveListener, LiveProcessPool, Run, RunEnd, RunSpec } from '../port.ts';
import { canPrompt } from './permission.ts';
import { ScriptedSession, type SessionDeps, type Settings } from './session.ts';

type Deps = Omit<SessionDeps, 'listener' | 'onIdle'> & {
  limit: number;
  idleMs: number;
  leases: SessionLeases;
  /** Throws AppError `session_busy` if another program has the session open. */
  checkFree(sessionId: string): Promise<void>;
};

const launchFingerprint = ({ project, allowedTools, extraArgs, jsonSchema }: Launch) =>
  JSON.stringify([project, allowedTools, extraArgs, jsonSchema]);

/** The sessions that are open; up to `limit` of them stay open between turns. */
export class ScriptedSessions implements LiveProcessPool {
  readonly #deps: Deps;
  readonly #open = new Map<string, ScriptedSession>();
  readonly #timers = new Map<ScriptedSession, AwakeTimer>();
  readonly #inTurn = createMutex();
  readonly #leases = new Map<ScriptedSession, Lease>();
  readonly #disposing = new AbortController();
  readonly #listeners = new LiveListeners();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  run(spec: RunSpec, onOutput: (output: AgentOutput) => void): Promise<Run> {
    return this.#inTurn(spec.sessionId, async () => {
      const mustStay =
        canPrompt(spec.permissionMode) ||
        spec.attachments.length > 0 ||
        (spec.budget !== null && this.#deps.limit > 0);
      const session = await this.#acquire(spec, mustStay, true);
      session.settings = {
        permissionMode: spec.permissionMode,
        model: spec.model,
        effort: spec.effort,
      };
      session.hasViewer ||= canPrompt(spec.permissionMode);
      return session.send(spec, onOutput);
    });
  }

  async warm(launch: Launch): Promise<void> {
    if (!this.#deps.limit) return;
    await this.#inTurn(launch.sessionId, async () => {
      const session = await this.#acquire(launch, true, false);
      session.hasViewer = true;
      await this.#noteIdle(session);
    });
  }

  isOpen(sessionId: string): boolean {
    return this.#find(sessionId) !== undefined;
  }

  counts(): { open: number; busy: number; limit: number } {
    const kept = this.#listKept();
    return { open: kept.length, busy: kept.filter(({ isBusy }) => isBusy).length, limit: this.#deps.limit };
  }

  async adjust(sessionId: string, changes: Partial<Settings>): Promise<void> {
    const session = this.#find(sessionId);
    if (session) session.settings = { ...session.settings, ...changes };
  }

  async readOutputTails(sessionId: string): Promise<ReadonlyMap<string, string>> {
    return this.#find(sessionId)?.shells.outputs() ?? new Map();
  }

  async stopTask(sessionId: string, taskId: string): Promise<boolean> {
    return this.#find(sessionId)?.shells.stop(taskId) ?? false;
  }

  async release(sessionId: string): Promise<void> {
    const session = this.#find(sessionId);
    if (session?.tasks.list.length) throw new AppError('background_busy');
    await this.close(sessionId);
  }

  async close(sessionId: string): Promise<void> {
    await this.#inTurn(sessionId, async () => {
      const session = this.#find(sessionId);
      if (session) await this.#close(session);
    });
  }

  listen(listener: Partial<LiveListener>): void {
    this.#listeners.add(listener);
  }

  /** Ends a session as the death of its process does. */
  crash(sessionId: string, end: RunEnd): void {
    const session = this.#open.get(sessionId);
    if (!session) return;
    this.#forget(session);
    session.crash(end);
    this.#releaseLease(session);
    this.#listeners.changed(sessionId, true);
  }

  async dispose(): Promise<void> {
    this.#disposing.abort();
    await Promise.all([...this.#open.values()].map((session) => this.#close(session)));
  }

  #listKept(): ScriptedSession[] {
    return [...this.#open.values()].filter(({ isKept }) => isKept);
  }

  #find(sessionId: string): ScriptedSession | undefined {
    const session = this.#open.get(sessionId);
    return session?.isKept ? session : undefined;
  }

  async #acquire(launch: Launch, mustStay: boolean, isForTurn: boolean): Promise<ScriptedSession> {
    if (!(await isFolder(launch.project)))
      throw new AppError('project_not_found', `The project folder ${launch.project} does not exist.`);
    let session = this.#find(launch.sessionId);
    if (session && launchFingerprint(session.launch) !== launchFingerprint(launch)) {
      if (session.tasks.list.length) throw new AppError('background_busy');
      await this.#close(session);
      session = undefined;
    }
    session ??= await this.#create(launch, mustStay, isForTurn);
    this.#timers.get(session)?.stop();
    try {
      await session.load();
    } catch (error) {
      await this.#close(session);
      throw error;
    }
    session.usedAt = this.#deps.now().getTime();
    return session;
  }

  async #create(launch: Launch, isKept: boolean, isForTurn: boolean): Promise<ScriptedSession> {
    const { sessionId } = launch;
    const options = { signal: this.#disposing.signal, isForTurn: isForTurn && isKept };
    const lease = await this.#deps.leases.acquire(sessionId, isKept ? 'live' : 'run', options);
    try {
      await this.#deps.checkFree(sessionId);
    } catch (error) {
      lease.release();
      throw error;
    }
    const session: ScriptedSession = new ScriptedSession(launch, {
      ...this.#deps,
      listener: () => this.#listeners,
      onIdle: () => void this.#noteIdle(session),
    });
    this.#open.set(sessionId, session);
    this.#leases.set(session, lease);
    if (isKept) {
      session.isKept = true;
      await this.#makeRoom(session);
      this.#listeners.changed(sessionId, false);
    }
    return session;
  }

  /** Closes what was used least recently while more than `limit` stay open. */
  async #makeRoom(except: ScriptedSession | null): Promise<void> {
    const idle = this.#listKept()
      .filter((session) => session !== except && session.isIdle)
      .sort((a, b) => a.usedAt - b.usedAt);
    for (const session of idle) {
      if (this.#listKept().length <= this.#deps.limit) return;
      await this.#close(session);
    }
  }

  async #noteIdle(session: ScriptedSession): Promise<void> {
    if (!session.isKept) {
      this.#forget(session);
      this.#releaseLease(session);
      return;
    }
    this.#timers.get(session)?.stop();
    const closeIfIdle = () => {
      if (session.isIdle) void this.#close(session);
    };
    this.#timers.set(session, startAwakeTimer(this.#deps.idleMs, closeIfIdle, { isRef: false }));
    await this.#makeRoom(null);
  }

  #forget(session: ScriptedSession): void {
    this.#timers.get(session)?.stop();
    this.#timers.delete(session);
    if (this.#open.get(session.sessionId) === session) this.#open.delete(session.sessionId);
  }

  async #close(session: ScriptedSession): Promise<void> {
    const wasKept = session.isKept;
    this.#forget(session);
    await session.close();
    this.#forget(session);
    this.#releaseLease(session);
    if (wasKept) this.#listeners.changed(session.sessionId, false);
  }

  #releaseLease(session: ScriptedSession): void {
    this.#leases.get(session)?.release();
    this.#leases.delete(session);
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
