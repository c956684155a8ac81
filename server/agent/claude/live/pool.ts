import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../../app-error.ts';
import type { Lease, SessionLeases } from '../../../session/lease.ts';
import { type AwakeTimer, startAwakeTimer } from '../../../util/awake-timer.ts';
import { createMutex } from '../../../util/mutex.ts';
import type { AgentOutput, Launch, LiveListener, LiveProcessPool, Run, RunSpec } from '../../port.ts';
import { LiveListeners } from './live-listeners.ts';
import type { LiveProcess } from './live-process.ts';
import { type LiveRun, retryIfUndelivered } from './retry-undelivered.ts';
import { createStaleCheck } from './stale.ts';

type PoolEntry = {
  process: LiveProcess;
  lease: Lease;
  stale: ReturnType<typeof createStaleCheck>;
  usedAt: number;
  idleTimer: AwakeTimer | null;
  /** A turn is about to be given to it. */
  isReserved: boolean;
  /** Somebody watches the conversation: it is open on a page, or runs in a mode that asks. */
  hasViewer: boolean;
};

export type LivePoolDeps = {
  /** The number of processes that are kept. */
  limit: number;
  idleMs: number;
  leases: SessionLeases;
  now(): Date;
  start(launch: Launch, on: { listener(): LiveListener; onIdle(): void }): Promise<LiveProcess>;
  findTranscript(sessionId: string, project: string): Promise<string | null>;
  /** Throws AppError `session_busy` if a program other than the process `ownPid` has the session open. */
  requireFree(sessionId: string, ownPid?: number): Promise<void>;
};

/** Modes that a process can only take if it was started in them. */
const isBypass = (launch: Launch) => launch.permissionMode === 'bypassPermissions';

/** The options that a process is started with and cannot change. */
const launchFingerprint = ({ project, allowedTools, extraArgs, jsonSchema }: Launch) =>
  JSON.stringify([project, allowedTools, extraArgs, jsonSchema]);

const isUsable = ({ process }: PoolEntry, launch: Launch) =>
  process.isHealthy() &&
  launchFingerprint(process.launch) === launchFingerprint(launch) &&
  (!isBypass(launch) || isBypass(process.launch));

const isIdle = (entry: PoolEntry) => entry.process.isIdle() && !entry.isReserved;

/** A process is only replaced if that does not end its background work. */
function requireNoBackgroundWork({ process }: PoolEntry): void {
  if (process.isHealthy() && process.hasBackground()) throw new AppError('background_busy');
}

/**
 * The live processes: one for each session at most, and at most `limit` that are kept. One more is
 * started for a turn that cannot do without, and closed after it.
 */
export class LivePool implements LiveProcessPool {
  readonly #deps: LivePoolDeps;
  /** Of live processes, and of one-shot runs with background work. */
  readonly listeners = new LiveListeners();
  readonly #entries = new Set<PoolEntry>();
  /** Processes that are closing, with their exits. */
  readonly #closing = new Map<PoolEntry, Promise<void>>();
  /** Work on one session runs one after the other: each looks, waits, and starts or ends a process. */
  readonly #runExclusive = createMutex();
  #startingCount = 0;
  #isDisposed = false;

  constructor(deps: LivePoolDeps) {
    this.#deps = deps;
  }

  listen(listener: Partial<LiveListener>): void {
    this.listeners.add(listener);
  }

  async warm(launch: Launch): Promise<void> {
    if (!this.#deps.limit) return;
    const process = await this.#runExclusive(launch.sessionId, () => this.#warmExclusive(launch));
    await process?.ready;
  }

  isOpen(sessionId: string): boolean {
    return this.#find(sessionId) !== undefined;
  }

  /** Whether a run could use a process that is open now, or about to be. */
  canTake(launch: Launch): Promise<boolean> {
    return this.#runExclusive(launch.sessionId, async () => {
      const entry = this.#find(launch.sessionId);
      return entry !== undefined && isUsable(entry, launch);
    });
  }

  counts(): { open: number; busy: number; limit: number } {
    const busy = [...this.#entries].filter(({ process }) => process.isBusy()).length;
    return { open: this.#entries.size, busy, limit: this.#deps.limit };
  }

  /**
   * Runs a turn on the process of its session; starts one, or replaces one that cannot be used. Prompts reach a
   * person if the turn `asks` or somebody watches; else they are denied, as in a one-shot run.
   * Throws AppError `background_busy` if that would end background work.
   */
  async run(spec: RunSpec, onOutput: (output: AgentOutput) => void, asks: boolean): Promise<Run> {
    const sendExclusive = (message: RunSpec, output: (output: AgentOutput) => void) =>
      this.#runExclusive(message.sessionId, () => this.#send(message, output, asks));
    return retryIfUndelivered(await sendExclusive(spec, onOutput), sendExclusive, [spec, onOutput]);
  }

  async adjust(
    sessionId: string,
    changes: Partial<Pick<Launch, 'permissionMode' | 'model' | 'effort'>>,
  ): Promise<void> {
    await this.#find(sessionId)?.process.adjust(changes);
  }

  async readOutputTails(sessionId: string): Promise<ReadonlyMap<string, string>> {
    return (await this.#find(sessionId)?.process.tails()) ?? new Map<string, string>();
  }

  async stopTask(sessionId: string, taskId: string): Promise<boolean> {
    return (await this.#find(sessionId)?.process.stopTask(taskId)) ?? false;
  }

  release(sessionId: string): Promise<void> {
    return this.#runExclusive(sessionId, async () => {
      const entry = this.#find(sessionId);
      if (entry) requireNoBackgroundWork(entry);
      await this.#closeAll(sessionId);
    });
  }

  close(sessionId: string): Promise<void> {
    return this.#runExclusive(sessionId, () => this.#closeAll(sessionId));
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    while (this.#startingCount) await delay(20);
    const entries = [...this.#entries];
    await Promise.all(
      entries.map((entry) => (isIdle(entry) ? this.#closeEntry(entry) : entry.process.kill())),
    );
    // Their last output reaches a journal that is still open.
    await Promise.all([...entries.map(({ process }) => process.exited), ...this.#closing.values()]);
  }

  #find(sessionId: string): PoolEntry | undefined {
    return [...this.#entries].find(({ process }) => process.sessionId() === sessionId && process.isAlive());
  }

  /** Closes the process of a session, and waits for one that is closing. */
  async #closeAll(sessionId: string): Promise<void> {
    const entry = this.#find(sessionId);
    if (entry) await this.#closeEntry(entry);
    await this.#waitForClosing(sessionId);
  }

  async #waitForClosing(sessionId: string): Promise<void> {
    const closing = [...this.#closing].filter(([{ lease }]) => lease.sessionId === sessionId);
    await Promise.all(closing.map(([, exit]) => exit));
  }

  #closeEntry(entry: PoolEntry): Promise<void> {
    const pending = this.#closing.get(entry);
    if (pending) return pending;
    this.#entries.delete(entry);
    entry.idleTimer?.stop();
    const exit = entry.process
      .close()
      .then(() => entry.process.exited)
      .then(() => {
        this.#closing.delete(entry);
        this.listeners.changed(entry.process.sessionId(), false);
      });
    this.#closing.set(entry, exit);
    return exit;
  }

  /** Closes the least recently used processes until there is room for another; false if all are busy. */
  async #makeRoom(): Promise<boolean> {
    while (this.#entries.size + this.#closing.size + this.#startingCount > this.#deps.limit) {
      const [oldest] = [...this.#entries].filter(isIdle).sort((a, b) => a.usedAt - b.usedAt);
      if (this.#closing.size) await Promise.race(this.#closing.values());
      else if (oldest) await this.#closeEntry(oldest);
      else return false;
    }
    return true;
  }

  #onIdle(entry: PoolEntry): void {
    // /clear has given it another session.
    entry.lease.rename(entry.process.sessionId());
    entry.idleTimer?.stop();
    void entry.stale.note(this.#deps.now());
    const isSurplus = this.#entries.size > this.#deps.limit || !entry.process.isHealthy();
    const closeIfIdle = () => {
      if (isIdle(entry)) void this.#closeEntry(entry);
    };
    entry.idleTimer = startAwakeTimer(isSurplus ? 0 : this.#deps.idleMs, closeIfIdle, { isRef: false });
  }

  /** Starts the process of a turn, whether there is room for it or not. */
  #openForTurn(launch: Launch): Promise<PoolEntry> {
    return this.#countStart(async () => {
      await this.#makeRoom();
      const lease = await this.#deps.leases.acquire(launch.sessionId, 'live', { isForTurn: true });
      return this.#start(launch, lease);
    });
  }

  /** Starts a process ahead of the next turn; null if the pool is full or the session in use. */
  #openAhead(launch: Launch): Promise<PoolEntry | null> {
    return this.#countStart(async () => {
      if (!(await this.#makeRoom())) return null;
      await this.#waitForClosing(launch.sessionId);
      // No wait for another holder: its own process is started behind this call.
      const lease = this.#deps.leases.tryAcquire(launch.sessionId, 'live');
      return lease && this.#start(launch, lease);
    });
  }

  async #countStart<T>(open: () => Promise<T>): Promise<T> {
    this.#startingCount += 1;
    try {
      return await open();
    } finally {
      this.#startingCount -= 1;
    }
  }

  async #start(launch: Launch, lease: Lease): Promise<PoolEntry> {
    let entry: PoolEntry | null = null;
    try {
      await this.#deps.requireFree(launch.sessionId);
      const process = await this.#deps.start(launch, {
        listener: () => this.listeners,
        onIdle: () => entry && this.#onIdle(entry),
      });
      entry = this.#addEntry(process, lease);
    } catch (error) {
      lease.release();
      throw error;
    }
    if (this.#isDisposed) void entry.process.kill();
    this.listeners.changed(launch.sessionId, false);
    this.#onIdle(entry);
    return entry;
  }

  #addEntry(process: LiveProcess, lease: Lease): PoolEntry {
    const { findTranscript, now } = this.#deps;
    const stale = createStaleCheck(() => findTranscript(process.sessionId(), process.launch.project));
    const usedAt = now().getTime();
    const entry = { process, lease, stale, usedAt, idleTimer: null, isReserved: false, hasViewer: false };
    this.#entries.add(entry);
    void process.exited.then(() => this.#onExit(entry));
    return entry;
  }

  #onExit(entry: PoolEntry): void {
    entry.idleTimer?.stop();
    entry.lease.release();
    if (this.#entries.delete(entry)) this.listeners.changed(entry.process.sessionId(), !this.#isDisposed);
  }

  /** The process for a turn: the existing one if it can be used, else a new one in its place. */
  async #acquireProcess(launch: Launch): Promise<PoolEntry> {
    const existing = this.#find(launch.sessionId);
    if (existing && (await this.#reserveIfUsable(existing, launch))) return existing;
    if (existing) await this.#closeEntry(existing);
    const entry = await this.#openForTurn(launch);
    entry.isReserved = true;
    return entry;
  }

  async #reserveIfUsable(entry: PoolEntry, launch: Launch): Promise<boolean> {
    entry.isReserved = true;
    try {
      const [isStale] = await Promise.all([
        entry.stale.isStale(),
        this.#deps.requireFree(launch.sessionId, entry.process.pid),
      ]);
      if (isUsable(entry, launch) && !isStale) return true;
      if (!isStale) requireNoBackgroundWork(entry);
      return false;
    } catch (error) {
      entry.isReserved = false;
      throw error;
    }
  }

  /** Sends a message to the process of its session; `asks` if the mode of the turn does. */
  async #send(spec: RunSpec, onOutput: (output: AgentOutput) => void, asks: boolean): Promise<LiveRun> {
    let entry = await this.#acquireProcess(spec);
    const begin = () => {
      entry.usedAt = this.#deps.now().getTime();
      entry.hasViewer ||= asks;
      return entry.process.run(spec, onOutput, entry.hasViewer);
    };
    try {
      return await begin().catch(async () => {
        // It refuses the mode or model of the turn, or has just ended: a new one starts with them.
        const { hasViewer } = entry;
        requireNoBackgroundWork(entry);
        await this.#closeEntry(entry);
        entry.isReserved = false;
        entry = await this.#acquireProcess(spec);
        entry.hasViewer = hasViewer;
        return begin();
      });
    } finally {
      entry.isReserved = false;
    }
  }

  async #warmExclusive(launch: Launch): Promise<LiveProcess | null> {
    const existing = this.#find(launch.sessionId);
    let entry: PoolEntry | null;
    if (existing && (isUsable(existing, launch) || !isIdle(existing))) entry = existing;
    else if (existing) entry = await this.#replaceIdle(existing, launch);
    else entry = await this.#openAhead(launch);
    if (!entry) return null;
    entry.isReserved = false;
    entry.hasViewer = true;
    entry.usedAt = this.#deps.now().getTime();
    if (isIdle(entry)) this.#onIdle(entry);
    return entry.process;
  }

  /** The options have changed: the process is replaced ahead of the next turn. */
  async #replaceIdle(entry: PoolEntry, launch: Launch): Promise<PoolEntry | null> {
    if (await this.#reserveIfUsable(entry, launch)) return entry;
    await this.#closeEntry(entry);
    return this.#openAhead(launch);
  }
}
