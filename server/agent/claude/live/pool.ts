import { AppError } from '../../../app-error.ts';
import type { AgentOutput, Launch, LiveListener, LiveProcesses, Run, RunSpec } from '../../port.ts';
import type { LiveProcess } from './process.ts';
import { resendIfUntaken } from './resend.ts';
import { createStaleCheck } from './stale.ts';

type Held = {
  process: LiveProcess;
  stale: ReturnType<typeof createStaleCheck>;
  usedAt: number;
  idleTimer: NodeJS.Timeout | null;
  /** A turn is about to be given to it. */
  isReserved: boolean;
  /** Somebody watches the conversation: it was opened on a page, or runs in a mode that asks. */
  isWatched: boolean;
};

export type LivePool = LiveProcesses & {
  /** Whether a run could go on a process that is open now, or about to be. */
  canTake(spec: Launch): Promise<boolean>;
  /**
   * Runs on the process of the session; starts one, or another one where it cannot be used as it is. What it
   * asks is asked where it `asks`, or where somebody watches; else it is refused as in a run of its own.
   * Throws AppError `background_busy` where that would end background work.
   */
  run(spec: RunSpec, onOutput: (output: AgentOutput) => void, asks: boolean): Promise<Run>;
  /** Closes the process of a session for a run of its own. Throws AppError `background_busy`. */
  release(sessionId: string): Promise<void>;
  dispose(): Promise<void>;
};

/** Modes that a process can only take if it was started in them. */
const isBypass = (launch: Launch) => launch.permissionMode === 'bypassPermissions';

/** What a process was started with and cannot change. */
const fixed = ({ project, allowedTools, extraArgs, jsonSchema }: Launch) => JSON.stringify([project, allowedTools, extraArgs, jsonSchema]);

/**
 * The live processes: one for each session at most, and at most `limit` that are kept. One more is
 * started for a turn that cannot do without, and closed after it.
 */
export function createLivePool(deps: {
  limit: number;
  idleMs: number;
  now(): Date;
  start(launch: Launch, on: { listener(): LiveListener | null; onIdle(): void }): Promise<LiveProcess>;
  findTranscript(sessionId: string, project: string): Promise<string | null>;
  /** Throws AppError where a process has the session open that is none of `own`. */
  checkFree(sessionId: string, own: ReadonlySet<number>): Promise<void>;
}): LivePool {
  const all = new Set<Held>();
  const starting = new Map<string, Promise<Held>>();
  /** Processes that are leaving: until they have, nobody else may have their session. */
  const leaving = new Map<Held, Promise<void>>();
  let listener: LiveListener | null = null;
  let isClosing = false;

  const find = (sessionId: string): Held | undefined => [...all].find((held) => held.process.sessionId() === sessionId && held.process.isAlive());
  const pids = () => new Set([...all].map(({ process }) => process.pid));
  const isFree = (held: Held) => held.process.isIdle() && !held.isReserved;

  function close(held: Held): Promise<void> {
    const known = leaving.get(held);
    if (known) return known;
    all.delete(held);
    if (held.idleTimer) clearTimeout(held.idleTimer);
    const left = held.process
      .close()
      .then(() => held.process.exited)
      .then(() => {
        leaving.delete(held);
        listener?.changed(held.process.sessionId());
      });
    leaving.set(held, left);
    return left;
  }

  /** Waits until nothing of a session is about to start or to leave. */
  async function settled(sessionId: string): Promise<void> {
    await starting.get(sessionId)?.catch(() => {});
    const own = [...leaving].filter(([held]) => held.process.sessionId() === sessionId);
    await Promise.all(own.map(([, left]) => left));
  }

  /** Closes what was used least recently until there is room for one more; false where all are at work. */
  async function makeRoom(): Promise<boolean> {
    while (all.size + starting.size >= deps.limit) {
      const [oldest] = [...all].filter(isFree).sort((a, b) => a.usedAt - b.usedAt);
      if (!oldest) return false;
      await close(oldest);
    }
    return true;
  }

  function noteIdle(held: Held): void {
    if (held.idleTimer) clearTimeout(held.idleTimer);
    void held.stale.note(deps.now());
    const isSurplus = all.size > deps.limit || !held.process.isSound();
    held.idleTimer = setTimeout(
      () => {
        if (isFree(held)) void close(held);
      },
      isSurplus ? 0 : deps.idleMs,
    );
    held.idleTimer.unref();
  }

  function open(launch: Launch): Promise<Held> {
    const known = starting.get(launch.sessionId);
    if (known) return known;
    const opening = openNew(launch).finally(() => starting.delete(launch.sessionId));
    starting.set(launch.sessionId, opening);
    return opening;
  }

  async function openNew(launch: Launch): Promise<Held> {
    await deps.checkFree(launch.sessionId, pids());
    let held: Held | null = null;
    const process = await deps.start(launch, { listener: () => listener, onIdle: () => held && noteIdle(held) });
    const stale = createStaleCheck(() => deps.findTranscript(process.sessionId(), launch.project));
    held = { process, stale, usedAt: deps.now().getTime(), idleTimer: null, isReserved: false, isWatched: false };
    const own = held;
    all.add(own);
    void process.exited.then(() => {
      if (own.idleTimer) clearTimeout(own.idleTimer);
      if (all.delete(own)) listener?.changed(process.sessionId());
    });
    if (isClosing) void process.kill();
    listener?.changed(launch.sessionId);
    noteIdle(own);
    return own;
  }

  const isUsable = ({ process }: Held, launch: Launch) =>
    process.isSound() && fixed(process.launch) === fixed(launch) && (!isBypass(launch) || isBypass(process.launch));

  /** Another process is needed: work that goes on in this one is not ended for that. */
  function keepBackground({ process }: Held): void {
    if (process.isSound() && process.hasBackground()) throw new AppError('background_busy');
  }

  /** The process for a launch: the one that is there if it will do, else a new one in its place. */
  async function take(launch: Launch): Promise<Held> {
    await settled(launch.sessionId);
    const held = find(launch.sessionId);
    if (held) {
      held.isReserved = true;
      try {
        const [isStale] = await Promise.all([held.stale.isStale(), deps.checkFree(launch.sessionId, pids())]);
        if (isUsable(held, launch) && !isStale) return held;
        if (!isStale) keepBackground(held);
      } catch (error) {
        held.isReserved = false;
        throw error;
      }
      await close(held);
    }
    await makeRoom();
    const opened = await open(launch);
    opened.isReserved = true;
    return opened;
  }

  async function run(spec: RunSpec, onOutput: (output: AgentOutput) => void, asks: boolean): Promise<Run> {
    let held = await take(spec);
    try {
      held.usedAt = deps.now().getTime();
      held.isWatched ||= asks;
      const mayAsk = held.isWatched;
      const anew = async () => {
        await close(held);
        held = await open(spec);
        held.isWatched = mayAsk;
        return held.process.run(spec, onOutput, mayAsk);
      };
      // It may refuse the mode or model that the turn is to run with, or have just ended: a new one is started so.
      return resendIfUntaken(await held.process.run(spec, onOutput, mayAsk).catch(anew), anew);
    } finally {
      held.isReserved = false;
    }
  }

  return {
    async warm(launch) {
      if (!deps.limit) return;
      await settled(launch.sessionId);
      const known = find(launch.sessionId);
      if (known) {
        known.usedAt = deps.now().getTime();
        known.isWatched = true;
        if (isFree(known)) noteIdle(known);
        if (isUsable(known, launch) || !isFree(known)) return known.process.ready;
      }
      if (known) {
        const held = await take(launch);
        held.isReserved = false;
        held.isWatched = true;
        await held.process.ready;
      } else if (await makeRoom()) {
        const held = await open(launch);
        held.isWatched = true;
        await held.process.ready;
      }
    },
    isOpen: (sessionId) => find(sessionId) !== undefined,
    async canTake(launch) {
      await settled(launch.sessionId);
      const held = find(launch.sessionId);
      return held !== undefined && isUsable(held, launch);
    },
    counts: () => ({ open: all.size, busy: [...all].filter(({ process }) => process.isBusy()).length, limit: deps.limit }),
    run,
    adjust: async (sessionId, changes) => find(sessionId)?.process.adjust(changes),
    tails: async (sessionId) => (await find(sessionId)?.process.tails()) ?? new Map<string, string>(),
    stopTask: async (sessionId, taskId) => (await find(sessionId)?.process.stopTask(taskId)) ?? false,
    async release(sessionId) {
      await settled(sessionId);
      const held = find(sessionId);
      if (!held) return;
      keepBackground(held);
      await close(held);
    },
    async close(sessionId) {
      await settled(sessionId);
      const held = find(sessionId);
      if (held) await close(held);
    },
    listen(value) {
      listener = value;
    },
    async dispose() {
      isClosing = true;
      await Promise.allSettled([...starting.values()]);
      const left = [...all];
      await Promise.all(left.map((held) => (isFree(held) ? close(held) : held.process.kill())));
      // What it still has to tell goes to a journal that is open.
      await Promise.all([...left.map(({ process }) => process.exited), ...leaving.values()]);
    },
  };
}
