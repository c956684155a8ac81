import type { Agent } from '../agent/port.ts';
import { describeHeadlessEnd, type RunOutcome } from './headless-end.ts';
import { lastActivityFields, newRecord } from './new-record.ts';
import type { SessionRecord, SessionRecordStore } from './port.ts';

/** The fields that only terminals use. */
const withoutTerminal = {
  door: 'headless',
  terminal: null,
  project: '',
  name: null,
  hook_hash: null,
  pid: 0,
  pidStart: null,
} as const;

/**
 * A session with an open record. `last`: how its newest run ended; null if its process ended and no run says
 * why.
 */
type TrackedSession = { recordId: string; runs: number; last: RunOutcome | null };

export type HeadlessRecorderDeps = {
  store: SessionRecordStore;
  agent: Agent;
  /** The title of a session's conversation. */
  nameOf(sessionId: string): string | null;
  warn(error: unknown, text: string): void;
  now(): Date;
  newId(): string;
};

/**
 * Records the sessions that work on messages without a terminal. Each has one record, which is open from a
 * message until the process that worked on it has gone.
 */
export class HeadlessRecorder {
  /** The agent, with its runs recorded. */
  readonly agent: Agent;
  readonly #deps: HeadlessRecorderDeps;
  readonly #tracked = new Map<string, TrackedSession>();
  readonly #writes = new Set<Promise<void>>();

  constructor(deps: HeadlessRecorderDeps) {
    const { agent } = deps;
    this.#deps = deps;
    this.agent = { ...agent, run: (spec, onOutput) => this.#recordRun(spec, onOutput) };
    agent.live.listen({ changed: (sessionId, isLost) => this.#onProcessChange(sessionId, isLost) });
  }

  /** Ends the records that an earlier server left open. */
  async start(): Promise<void> {
    const { store, agent, now } = this.#deps;
    for (const { id, session_id } of store.listOpen().filter(({ door }) => door === 'headless')) {
      const activity = await agent.transcripts.readLastActivity(session_id).catch(() => null);
      // Read again: meanwhile it can have been labelled, or worked on and ended.
      const record = store.get(id);
      if (record?.ended_at === null && !this.#tracked.has(record.session_id)) {
        const end = describeHeadlessEnd(null, activity, activity?.at ?? now().toISOString());
        this.#saveRecord({ ...record, ...end });
      }
    }
  }

  /** Resolves when all ends are written. */
  async dispose(): Promise<void> {
    while (this.#writes.size) await Promise.all(this.#writes);
  }

  async #recordRun(...[spec, onOutput]: Parameters<Agent['run']>): ReturnType<Agent['run']> {
    const run = await this.#deps.agent.run(spec, onOutput);
    this.#beginRecord(spec.sessionId, spec.project);
    let isStopped = false;
    void run.end.then(async (end) => {
      const sessionId = this.#noteOutcome(spec.sessionId, { end, isStopped });
      await run.exited;
      const tracked = this.#tracked.get(sessionId);
      if (tracked) tracked.runs -= 1;
      this.#settleLater(sessionId);
    });
    return {
      ...run,
      stop() {
        isStopped = true;
        return run.stop();
      },
    };
  }

  #onProcessChange(sessionId: string, isLost: boolean): void {
    const tracked = this.#tracked.get(sessionId);
    // A run that failed has its own reason.
    if (isLost && tracked?.runs === 0 && tracked.last?.end.kind !== 'failure') tracked.last = null;
    this.#settleLater(sessionId);
  }

  #beginRecord(sessionId: string, project: string): void {
    const tracked = this.#tracked.get(sessionId);
    if (tracked) {
      tracked.runs += 1;
      return;
    }
    const { store, now, newId, nameOf } = this.#deps;
    const newest = store.listBySession(sessionId);
    const record =
      newest?.door === 'headless'
        ? newest
        : newRecord({
            ...withoutTerminal,
            id: newId(),
            session_id: sessionId,
            started_at: now().toISOString(),
          });
    this.#tracked.set(sessionId, { recordId: record.id, runs: 1, last: null });
    this.#saveRecord(reopen({ ...record, project, name: record.name ?? nameOf(sessionId) }));
  }

  /** Notes how a run ended, and returns its session: another one after /clear. */
  #noteOutcome(sessionId: string, outcome: RunOutcome): string {
    const tracked = this.#tracked.get(sessionId);
    if (!tracked) return sessionId;
    tracked.last = outcome;
    const newId = outcome.end.kind === 'answer' ? outcome.end.sessionId : sessionId;
    if (newId !== sessionId && !this.#tracked.has(newId)) {
      this.#tracked.delete(sessionId);
      this.#tracked.set(newId, tracked);
      // The old session can be continued separately: it then gets its own record.
      const record = this.#deps.store.get(tracked.recordId);
      if (record) this.#saveRecord({ ...record, session_id: newId });
    }
    return this.#tracked.get(newId) === tracked ? newId : sessionId;
  }

  #settleLater(sessionId: string): void {
    const write = this.#settleIdle(sessionId).catch((error) =>
      this.#deps.warn(error, 'failed to determine why a session ended'),
    );
    this.#writes.add(write);
    void write.finally(() => this.#writes.delete(write));
  }

  /** Ends the record of a session that no process of this server has open. */
  async #settleIdle(sessionId: string): Promise<void> {
    const { store, agent, now, nameOf } = this.#deps;
    const tracked = this.#tracked.get(sessionId);
    if (!tracked || tracked.runs > 0 || agent.live.isOpen(sessionId)) return;
    // An answer is its own outcome: the transcript, which may be long, is not read for it.
    const isAnswered = tracked.last?.end.kind === 'answer';
    const activity = isAnswered
      ? null
      : await agent.transcripts.readLastActivity(sessionId).catch(() => null);
    if (this.#tracked.get(sessionId) !== tracked || tracked.runs > 0) return;
    this.#tracked.delete(sessionId);
    const record = store.get(tracked.recordId);
    if (!record) return;
    this.#saveRecord({
      ...record,
      session_id: sessionId,
      name: record.name ?? nameOf(sessionId),
      ...describeHeadlessEnd(tracked.last, activity, now().toISOString()),
    });
  }

  /** A message is accepted even if its record cannot be written. */
  #saveRecord(record: SessionRecord): void {
    try {
      this.#deps.store.save(record);
    } catch (error) {
      this.#deps.warn(error, 'failed to write a session record');
    }
  }
}

/** Removes what a record says about its last end, while a process has its session. */
const reopen = (record: SessionRecord): SessionRecord => ({
  ...record,
  ended_at: null,
  reason: null,
  exit_code: null,
  signal: null,
  ...lastActivityFields(null),
});
