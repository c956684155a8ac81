import { constants } from 'node:os';
import type { Agent, RunEnd } from '../agent/port.ts';
import type { LastActivity } from '../transcript/last-activity.ts';
import { truncateText } from '../transcript/truncate.ts';
import { outOfMemoryHints, resolveEndReason } from './end-reason.ts';
import { lastActivityFields, maxWords, newRecord } from './new-record.ts';
import type { SessionRecord, SessionRecordStore } from './port.ts';

/** The exit codes of a process that a signal ended begin behind it. */
const signalCodes = 128;

/** What is of terminals alone. */
const none = {
  door: 'headless',
  terminal: null,
  project: '',
  name: null,
  hook_hash: null,
  pid: 0,
  pidStart: null,
} as const;

/** How a run ended. */
type Outcome = { end: RunEnd; isStopped: boolean };

/** `last` is that of its newest run; null where its process ended and no run tells why. */
type Held = { id: string; runs: number; last: Outcome | null };

export type HeadlessRecorderDeps = {
  store: SessionRecordStore;
  agent: Agent;
  /** The conversation of a session. */
  nameOf(sessionId: string): string | null;
  warn(error: unknown, text: string): void;
  now(): Date;
  newId(): string;
};

/** As it is while a process has the session: nothing of its last end is left. */
const reopened = (record: SessionRecord): SessionRecord => ({
  ...record,
  ended_at: null,
  reason: null,
  exit_code: null,
  signal: null,
  ...lastActivityFields(null),
});

/**
 * The sessions that work without a terminal, for messages: each has one record, which is open from a
 * message until the process that worked on it has gone. `agent` is the one it was given, whose runs are noted from now on.
 */
export function createHeadlessRecorder({ store, agent, nameOf, warn, now, newId }: HeadlessRecorderDeps) {
  const held = new Map<string, Held>();
  const writing = new Set<Promise<void>>();

  /** A record that is not written is no reason to refuse a message. */
  function saveRecord(record: SessionRecord): void {
    try {
      store.save(record);
    } catch (error) {
      warn(error, 'the archive could not be written');
    }
  }

  function beginRecord(sessionId: string, project: string): void {
    const known = held.get(sessionId);
    if (known) {
      known.runs += 1;
      return;
    }
    const newest = store.listBySession(sessionId);
    const record =
      newest?.door === 'headless'
        ? newest
        : newRecord({ ...none, id: newId(), session_id: sessionId, started_at: now().toISOString() });
    held.set(sessionId, { id: record.id, runs: 1, last: null });
    saveRecord(reopened({ ...record, project, name: record.name ?? nameOf(sessionId) }));
  }

  /** Ends the record of a session once no process of ours has it. */
  async function markIdle(sessionId: string): Promise<void> {
    const own = held.get(sessionId);
    if (!own || own.runs > 0 || agent.live.isOpen(sessionId)) return;
    const isAnswered = own.last?.end.kind === 'answer';
    // What became of an answer is known: its transcript, which may be long, is not read for that.
    const deeds = isAnswered ? null : await agent.transcripts.readLastActivity(sessionId).catch(() => null);
    if (held.get(sessionId) !== own || own.runs > 0) return;
    held.delete(sessionId);
    const record = store.get(own.id);
    if (record)
      saveRecord({
        ...record,
        session_id: sessionId,
        name: record.name ?? nameOf(sessionId),
        ...ended(own.last, deeds, now().toISOString()),
      });
  }

  function settleRecord(sessionId: string): void {
    const work = markIdle(sessionId).catch((error) => warn(error, 'how a session ended could not be told'));
    writing.add(work);
    void work.finally(() => writing.delete(work));
  }

  /** A run of it ended. /clear leaves it with another session. */
  function recordRun(sessionId: string, last: Outcome): string {
    const own = held.get(sessionId);
    if (!own) return sessionId;
    own.last = last;
    const now = last.end.kind === 'answer' ? last.end.sessionId : sessionId;
    if (now !== sessionId && !held.has(now)) {
      held.delete(sessionId);
      held.set(now, own);
      // The session of before may be gone on with by itself: it gets a record of its own.
      const record = store.get(own.id);
      if (record) saveRecord({ ...record, session_id: now });
    }
    return held.get(now) === own ? now : sessionId;
  }

  const run: Agent['run'] = async (spec, onOutput) => {
    const own = await agent.run(spec, onOutput);
    beginRecord(spec.sessionId, spec.project);
    let isStopped = false;
    void own.end.then(async (end) => {
      const sessionId = recordRun(spec.sessionId, { end, isStopped });
      await own.exited;
      const known = held.get(sessionId);
      if (known) known.runs -= 1;
      settleRecord(sessionId);
    });
    return {
      ...own,
      stop() {
        isStopped = true;
        return own.stop();
      },
    };
  };

  agent.live.listen({
    changed(sessionId, isLost) {
      const own = held.get(sessionId);
      // A failed run says itself why.
      if (isLost && own && own.runs === 0 && own.last?.end.kind !== 'failure') own.last = null;
      settleRecord(sessionId);
    },
  });

  return {
    agent: { ...agent, run } satisfies Agent,
    /** Those that an earlier server left open ended with it. */
    async start(): Promise<void> {
      for (const record of store.listOpen().filter(({ door }) => door === 'headless')) {
        const deeds = await agent.transcripts.readLastActivity(record.session_id).catch(() => null);
        // As it is now: it can have been labelled, or worked on and ended, meanwhile.
        const current = store.get(record.id);
        if (current?.ended_at === null && !held.has(current.session_id))
          saveRecord({ ...current, ...ended(null, deeds, deeds?.at ?? now().toISOString()) });
      }
    },
    /** Resolves when all ends are written. */
    async dispose(): Promise<void> {
      while (writing.size) await Promise.all(writing);
    },
  };
}

/** How a record says that its session ended. */
function ended(last: Outcome | null, deeds: LastActivity | null, at: string): Partial<SessionRecord> {
  const exit = last?.end.kind === 'failure' ? last.end.exit : undefined;
  const signal = exit?.signal ? constants.signals[exit.signal as NodeJS.Signals] : null;
  const answer = last?.end.kind === 'answer' ? last.end : null;
  return {
    ended_at: at,
    reason: resolveReason(last, deeds, signal),
    exit_code: answer ? 0 : (exit?.code ?? null),
    signal,
    ...lastActivityFields(deeds),
    ...(answer ? { last_words: truncateText(answer.response, maxWords).text } : {}),
  };
}

function resolveReason(
  last: Outcome | null,
  deeds: LastActivity | null,
  signal: number | null,
): SessionRecord['reason'] {
  const common = { endedByUs: null, deeds, signal };
  if (!last) return resolveEndReason({ ...common, tail: deeds && '', exitCode: null });
  if (last.end.kind === 'answer') return 'clean_exit';
  const { code, detail, exit } = last.end;
  // Its process lives: somebody has denied what it asked, and stopped it with that.
  if (last.isStopped || (code === 'agent_killed' && !exit)) return 'interrupted';
  const isKilled = signal !== null || (exit?.code ?? 0) > signalCodes;
  return isKilled || outOfMemoryHints(detail).length
    ? resolveEndReason({ ...common, tail: detail, exitCode: exit?.code ?? null })
    : 'failed';
}
