import { setTimeout as delay } from 'node:timers/promises';
import type { ArchiveRecord } from '../../contract/archive.ts';
import type { Agent } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import { type OutputLogs, stripEscapes } from '../terminal/output-log.ts';
import type { Multiplexer } from '../terminal/port.ts';
import { ifStored } from '../util/if-stored.ts';
import { type EndFacts, endAdvice, resolveEndReason } from './end-reason.ts';
import { lastActivityFields, newRecord } from './new-record.ts';
import type { SessionRecord, SessionRecordFilter, SessionRecordStore } from './port.ts';

/** How often live ones are looked at. */
const lookMs = 1000;

/** What tmux's pipe may still hold when a process has ended is in the log after this. */
const settleMs = 150;

/** Some ends tmux (3.3a) never learns the code of. */
const maxFateMs = 600;

/** So much of a log tells how it ended. */
const tailBytes = 16_384;

/** A shorter beginning of an id names nothing. */
const shortest = 4;

export type SessionRecordsDeps = {
  store: SessionRecordStore;
  logs: OutputLogs;
  agent: Pick<Agent, 'listLiveSessions' | 'transcripts'>;
  terminals: Pick<Multiplexer, 'listPanes' | 'getExitStatus' | 'closePane'>;
  /** When a process was started; null where it has ended. */
  startOf(pid: number): Promise<string | null>;
  /** A terminal has ended, and its record says why if that could be determined. */
  onEnd(record: SessionRecord): void;
  /** A terminal has another session now, as after /clear; what is done for that is done before anybody hears of it. */
  onMove(record: SessionRecord, to: string): Promise<void>;
  warn(error: unknown, text: string): void;
  now(): Date;
  newId(): string;
};

type Begun = Pick<SessionRecord, 'session_id' | 'terminal' | 'project' | 'name' | 'hook_hash'>;
type Ours = EndFacts['endedByUs'];

/** The records of what was started here, and the terminals among them, from their start to the reason of their end. */
export function createSessionRecords({
  store,
  logs,
  agent,
  terminals,
  startOf,
  onEnd,
  onMove,
  warn,
  now,
  newId,
}: SessionRecordsDeps) {
  const open = new Map(
    store
      .listOpen()
      .filter(({ door }) => door === 'terminal')
      .map((record) => [record.id, record]),
  );
  /** Not ready yet: who starts them sees their end. */
  const starting = new Set<string>();
  /** What we are about to end, by process: a person may call a terminal something else. */
  const intents = new Map<number, Ours>();
  const ending = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> | null = null;

  function tryToSave(work: () => void): void {
    try {
      work();
    } catch (error) {
      warn(error, 'the archive could not be written');
    }
  }

  /** tmux takes note of an end a moment after it, and of its code another moment later. */
  async function readExit(pid: number): ReturnType<Multiplexer['getExitStatus']> {
    for (let waited = 0; ; waited += settleMs) {
      const [fate, panes] = await Promise.all([terminals.getExitStatus(pid), terminals.listPanes()]);
      const isTold = fate !== null && (fate.exitCode ?? fate.signal) !== null;
      if (isTold || waited >= maxFateMs || !panes.some((pane) => pane.pid === pid)) return fate;
      await delay(settleMs);
    }
  }

  async function settleRecord(record: SessionRecord, ours: Ours, endedAt: Date | null): Promise<void> {
    const fate = await readExit(record.pid).catch(() => null); // Where tmux hangs it is told without.
    const isTaken =
      !ours &&
      [...open.values()].some(({ id, terminal }) => id !== record.id && terminal === record.terminal);
    // A dead pane keeps a person attached to it, and its name from the next one.
    if (fate) await terminals.closePane({ id: fate.id, pid: record.pid });
    await delay(settleMs);
    const [about, deeds] = await Promise.all([
      logs.about(record.id),
      agent.transcripts.readLastActivity(record.session_id).catch(() => null),
    ]);
    const tail = about?.bytes ? stripEscapes(await logs.tail(record.id, tailBytes)) : null;
    const [exitCode, signal] = [fate?.exitCode ?? null, fate?.signal ?? null];
    const reason = resolveEndReason({
      endedByUs: isTaken ? 'replaced' : ours,
      deeds,
      tail,
      exitCode,
      signal,
    });
    const heard = endedAt ?? about?.at ?? now();
    Object.assign(record, {
      ended_at: heard.toISOString(),
      reason,
      exit_code: exitCode,
      signal,
      ...lastActivityFields(deeds),
    } satisfies Partial<SessionRecord>);
    open.delete(record.id);
    tryToSave(() => store.save(record));
  }

  /** Ends a record once, whoever sees it first. */
  function end(record: SessionRecord, endedAt: Date | null): Promise<void> {
    const under = ending.get(record.id);
    if (under) return under;
    const ended = settleRecord(record, intents.get(record.pid) ?? null, endedAt)
      .catch((error) => warn(error, 'failed to determine why a terminal ended'))
      .finally(() => {
        open.delete(record.id);
        starting.delete(record.id);
        intents.delete(record.pid);
        ending.delete(record.id);
        onEnd(record);
      });
    ending.set(record.id, ended);
    return ended;
  }

  /** `isFirst`: what ended while no server was here ended when its log did. */
  async function checkPanes(isFirst: boolean): Promise<void> {
    const live = new Map((await agent.listLiveSessions()).map((one) => [one.pid, one]));
    for (const record of [...open.values()].filter(({ id }) => !starting.has(id))) {
      // A full disk must not keep an end from being seen.
      await logs.bound(record.id).catch((error) => warn(error, "a terminal's log could not be cut"));
      const one = live.get(record.pid);
      const start = one ? record.pidStart : await startOf(record.pid);
      if (!one && (start === null || start !== record.pidStart)) await end(record, isFirst ? null : now());
      else if (one && one.sessionId !== record.session_id) {
        await onMove(record, one.sessionId);
        record.session_id = one.sessionId;
        tryToSave(() => store.save(record));
      }
    }
  }

  function watchPanes(isFirst = false): void {
    if (timer || (!open.size && !isFirst)) return;
    timer = setTimeout(
      () => {
        looking = checkPanes(isFirst)
          .catch((error) => warn(error, 'the terminals could not be looked at'))
          .finally(() => {
            looking = null;
            if (timer === null) return;
            timer = null;
            watchPanes();
          });
      },
      isFirst ? 0 : lookMs,
    );
    timer.unref();
  }

  /** The one record whose id begins so. */
  function findByPrefix(prefix: string): SessionRecord | null {
    if (prefix.length < shortest) return null;
    const found = [...store.listNewest(undefined)].filter(({ id }) => id.startsWith(prefix));
    return found.length === 1 ? (found[0] as SessionRecord) : null;
  }

  function requireRecord(id: string): SessionRecord {
    const record = open.get(id) ?? store.get(id) ?? findByPrefix(id);
    if (!record)
      throw new AppError('record_not_found', `There is no record ${JSON.stringify(id)} in the archive.`, {
        field: 'id',
      });
    return record;
  }

  async function toShown({
    pid: _,
    pidStart: __,
    hook_hash: ___,
    ...record
  }: SessionRecord): Promise<ArchiveRecord> {
    const about = await logs.about(record.id);
    return { ...record, advice: record.reason && endAdvice[record.reason], log_bytes: about?.bytes ?? 0 };
  }

  /** Changes what a person sees of it, which is no sign of life. */
  function changeRecord(
    id: string,
    changes: Partial<Pick<SessionRecord, 'label' | 'hidden'>>,
  ): Promise<ArchiveRecord> {
    const record = Object.assign(requireRecord(id), changes);
    store.save(record);
    return toShown(record);
  }

  return {
    /** What a terminal that is about to be opened is known by, and where its output goes. */
    draft(): { id: string; logCommand: string } {
      const id = newId();
      return { id, logCommand: logs.command(id) };
    },
    /** Its process is there. */
    async begin(id: string, begun: Begun, pid: number): Promise<void> {
      const record = newRecord({
        id,
        door: 'terminal',
        ...begun,
        started_at: now().toISOString(),
        pid,
        pidStart: await startOf(pid),
      });
      starting.add(id);
      open.set(id, record);
      tryToSave(() => store.add(record));
      await logs.prune(new Set(open.keys()));
    },
    /** Looks at what an earlier server left. */
    start: (): void => watchPanes(true),
    /** From now on its end is looked for. */
    ready(id: string): void {
      starting.delete(id);
      watchPanes();
    },
    /** A terminal is about to be ended from here, whoever sees it first. */
    expectEnd(pid: number, ours: Exclude<Ours, null>): void {
      intents.set(pid, ours);
    },
    /** It was ended from here. */
    async end(pid: number): Promise<void> {
      const record = [...open.values()].find((one) => one.pid === pid);
      if (record) await end(record, now());
      intents.delete(pid);
    },
    /** Whether a process is that of a terminal which was started here: another server has its own on the same socket. */
    isOwnProcess: (pid: number): boolean => [...open.values()].some((record) => record.pid === pid),
    /** The record of a terminal that has not ended. */
    live: (id: string): SessionRecord | null => open.get(id) ?? null,
    /** The records of the terminals that have not ended. */
    listOpen: (): SessionRecord[] => [...open.values()],
    /** The newest record of a session. */
    async ofSession(sessionId: string): Promise<ArchiveRecord | null> {
      // A session is shown without what is known of its end.
      const record = ifStored(() => store.listBySession(sessionId), null);
      return record && toShown(record);
    },
    async list(filter: SessionRecordFilter): Promise<{ records: ArchiveRecord[]; before: string | null }> {
      const q = filter.q?.toLowerCase();
      const found: SessionRecord[] = [];
      for (const record of store.listNewest(filter.before)) {
        if (record.hidden && !filter.hidden) continue;
        if (filter.door && record.door !== filter.door) continue;
        if (filter.session_id && record.session_id !== filter.session_id) continue;
        if (filter.ended !== undefined && filter.ended !== (record.ended_at !== null)) continue;
        if (
          q &&
          !`${record.project}\n${record.name ?? ''}\n${record.label ?? ''}\n${record.session_id}`
            .toLowerCase()
            .includes(q)
        )
          continue;
        found.push(record);
        if (found.length > filter.limit) break;
      }
      const page = found.slice(0, filter.limit);
      return {
        records: await Promise.all(page.map(toShown)),
        before: found.length > page.length ? (page.at(-1)?.id ?? null) : null,
      };
    },
    read: (id: string): Promise<ArchiveRecord> => toShown(requireRecord(id)),
    /** The end of its log. */
    async log(id: string, { bytes, raw }: { bytes: number; raw: boolean }): Promise<Buffer | string> {
      const tail = await logs.tail(requireRecord(id).id, bytes);
      return raw ? tail : stripEscapes(tail);
    },
    label: (id: string, label: string | null): Promise<ArchiveRecord> =>
      changeRecord(id, { label: label || null }),
    hide: (id: string, hidden: boolean): Promise<ArchiveRecord> => changeRecord(id, { hidden }),
    async dispose(): Promise<void> {
      if (timer) clearTimeout(timer);
      timer = null;
      await looking;
      await Promise.all(ending.values());
    },
  };
}

export type SessionRecords = ReturnType<typeof createSessionRecords>;
