import type { Agent, LiveSession } from '../agent/port.ts';
import type { EndFacts } from './end-reason.ts';
import type { SessionRecord, SessionRecordStore } from './port.ts';
import { describeTerminalEnd, type TerminalEndDeps } from './terminal-end.ts';

const pollIntervalMs = 1000;

export type PlannedEnd = Exclude<EndFacts['endedByUs'], null>;

export type TerminalWatchDeps = TerminalEndDeps & {
  store: SessionRecordStore;
  agent: Pick<Agent, 'listLiveSessions' | 'transcripts'>;
  /** When a process was started; null if it has ended. */
  startOf(pid: number): Promise<string | null>;
  /** A terminal has ended, and its record says why if that could be determined. */
  onEnd(record: SessionRecord): void;
  /** A terminal has another session now, as after /clear. Awaited before its record changes. */
  onMove(record: SessionRecord, to: string): Promise<void>;
  warn(error: unknown, text: string): void;
};

/** The records of terminals that are open, from their start to the reason of their end. */
export class TerminalWatch {
  readonly #deps: TerminalWatchDeps;
  readonly #open: Map<string, SessionRecord>;
  /** Records of terminals that are not ready yet: whoever starts them sees their end. */
  readonly #starting = new Set<string>();
  /** Why we are about to end a process, by pid: a person may rename a terminal. */
  readonly #plannedEnds = new Map<number, PlannedEnd>();
  readonly #ending = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #check: Promise<void> | null = null;

  constructor(deps: TerminalWatchDeps) {
    this.#deps = deps;
    const records = deps.store.listOpen().filter(({ door }) => door === 'terminal');
    this.#open = new Map(records.map((record) => [record.id, record]));
  }

  /** Checks what an earlier server left. */
  start(): void {
    this.#schedule({ isFirst: true });
  }

  addRecord(record: SessionRecord): void {
    this.#starting.add(record.id);
    this.#open.set(record.id, record);
    this.#trySave(() => this.#deps.store.add(record));
  }

  /** The terminal is ready: its end is watched from now on. */
  markReady(id: string): void {
    this.#starting.delete(id);
    this.#schedule({ isFirst: false });
  }

  expectEnd(pid: number, reason: PlannedEnd): void {
    this.#plannedEnds.set(pid, reason);
  }

  /** Ends the record of a process that was ended from here. */
  async endProcess(pid: number): Promise<void> {
    const record = this.list().find((entry) => entry.pid === pid);
    if (record) await this.#endRecord(record, this.#deps.now());
    this.#plannedEnds.delete(pid);
  }

  list(): SessionRecord[] {
    return [...this.#open.values()];
  }

  find(id: string): SessionRecord | null {
    return this.#open.get(id) ?? null;
  }

  ids(): ReadonlySet<string> {
    return new Set(this.#open.keys());
  }

  hasProcess(pid: number): boolean {
    return this.list().some((record) => record.pid === pid);
  }

  async dispose(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#check;
    await Promise.all(this.#ending.values());
  }

  /** Ends a record once, whoever sees the end first. */
  #endRecord(record: SessionRecord, endedAt: Date | null): Promise<void> {
    const pending = this.#ending.get(record.id);
    if (pending) return pending;
    const work = this.#settleRecord(record, endedAt)
      .catch((error) => this.#deps.warn(error, 'failed to determine why a terminal ended'))
      .finally(() => {
        this.#open.delete(record.id);
        this.#starting.delete(record.id);
        this.#plannedEnds.delete(record.pid);
        this.#ending.delete(record.id);
        this.#deps.onEnd(record);
      });
    this.#ending.set(record.id, work);
    return work;
  }

  async #settleRecord(record: SessionRecord, endedAt: Date | null): Promise<void> {
    const planned = this.#plannedEnds.get(record.pid) ?? null;
    const isReplaced = () =>
      this.list().some(({ id, terminal }) => id !== record.id && terminal === record.terminal);
    const findOwnReason = () => planned ?? (isReplaced() ? 'replaced' : null);
    Object.assign(record, await describeTerminalEnd(record, { findOwnReason, endedAt }, this.#deps));
    this.#open.delete(record.id);
    this.#trySave(() => this.#deps.store.save(record));
  }

  #schedule({ isFirst }: { isFirst: boolean }): void {
    if (this.#timer || (!this.#open.size && !isFirst)) return;
    this.#timer = setTimeout(() => this.#checkAndReschedule(isFirst), isFirst ? 0 : pollIntervalMs);
    this.#timer.unref();
  }

  #checkAndReschedule(isFirst: boolean): void {
    this.#check = this.#checkTerminals(isFirst)
      .catch((error) => this.#deps.warn(error, 'failed to check terminals'))
      .finally(() => {
        this.#check = null;
        if (this.#timer === null) return;
        this.#timer = null;
        this.#schedule({ isFirst: false });
      });
  }

  /** `isFirst`: what ended while no server was running ended when its log was last written. */
  async #checkTerminals(isFirst: boolean): Promise<void> {
    const { agent, logs, warn, now, startOf } = this.#deps;
    const live = new Map((await agent.listLiveSessions()).map((session) => [session.pid, session]));
    for (const record of this.list().filter(({ id }) => !this.#starting.has(id))) {
      // A full disk must not hide an end.
      await logs.bound(record.id).catch((error) => warn(error, "failed to truncate a terminal's log"));
      const session = live.get(record.pid);
      if (session) {
        await this.#moveRecord(record, session);
        continue;
      }
      const start = await startOf(record.pid);
      if (start === null || start !== record.pidStart) await this.#endRecord(record, isFirst ? null : now());
    }
  }

  async #moveRecord(record: SessionRecord, { sessionId }: LiveSession): Promise<void> {
    if (sessionId === record.session_id) return;
    await this.#deps.onMove(record, sessionId);
    record.session_id = sessionId;
    this.#trySave(() => this.#deps.store.save(record));
  }

  #trySave(save: () => void): void {
    try {
      save();
    } catch (error) {
      this.#deps.warn(error, 'failed to write a session record');
    }
  }
}
