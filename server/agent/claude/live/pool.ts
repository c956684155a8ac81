import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../../app-error.ts';
import { type AwakeTimer, startAwakeTimer } from '../../../util/awake-timer.ts';
import { createMutex } from '../../../util/mutex.ts';
import type { AgentOutput, Launch, LiveListener, LiveProcessPool, Run, RunSpec } from '../../port.ts';
import type { LiveProcess } from './live-process.ts';
import { type LiveRun, retryIfUndelivered } from './retry-undelivered.ts';
import { createStaleCheck } from './stale.ts';

type PoolEntry = {
  process: LiveProcess;
  stale: ReturnType<typeof createStaleCheck>;
  usedAt: number;
  idleTimer: AwakeTimer | null;
  /** A turn is about to be given to it. */
  isReserved: boolean;
  /** Somebody watches the conversation: it was opened on a page, or runs in a mode that asks. */
  hasViewer: boolean;
};

export type LivePool = LiveProcessPool & {
  /** Whether a run could go on a process that is open now, or about to be. */
  canTake(spec: Launch): Promise<boolean>;
  /**
   * Runs on the process of the session; starts one, or another one where it cannot be used as it is. What it
   * asks is asked where it `asks`, or where somebody watches; else it is refused as in a run of its own.
   * Throws AppError `background_busy` where that would end background work.
   */
  run(spec: RunSpec, onOutput: (output: AgentOutput) => void, asks: boolean): Promise<Run>;
  dispose(): Promise<void>;
};

/** Modes that a process can only take if it was started in them. */
const isBypass = (launch: Launch) => launch.permissionMode === 'bypassPermissions';

/** What a process was started with and cannot change. */
const launchFingerprint = ({ project, allowedTools, extraArgs, jsonSchema }: Launch) =>
  JSON.stringify([project, allowedTools, extraArgs, jsonSchema]);

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
  const all = new Set<PoolEntry>();
  /** Processes that are leaving: until they have, nobody else may have their session. */
  const leaving = new Map<PoolEntry, Promise<void>>();
  /** What concerns one session comes one after the other: each looks, waits, and starts or ends a process. */
  const inTurn = createMutex();
  /** How many are about to be started. */
  let opening = 0;
  let listener: LiveListener | null = null;
  let isClosing = false;

  const find = (sessionId: string): PoolEntry | undefined =>
    [...all].find((held) => held.process.sessionId() === sessionId && held.process.isAlive());
  const pids = () => new Set([...all].map(({ process }) => process.pid));
  const isFree = (held: PoolEntry) => held.process.isIdle() && !held.isReserved;

  function close(held: PoolEntry): Promise<void> {
    const known = leaving.get(held);
    if (known) return known;
    all.delete(held);
    held.idleTimer?.stop();
    const left = held.process
      .close()
      .then(() => held.process.exited)
      .then(() => {
        leaving.delete(held);
        listener?.changed(held.process.sessionId(), false);
      });
    leaving.set(held, left);
    return left;
  }

  /** Waits until no process of a session is leaving. */
  async function whenReleased(sessionId: string): Promise<void> {
    const own = [...leaving].filter(([held]) => held.process.sessionId() === sessionId);
    await Promise.all(own.map(([, left]) => left));
  }

  /** Closes what was used least recently until there is room for those that are opening; false where all are at work. */
  async function makeRoom(): Promise<boolean> {
    while (all.size + leaving.size + opening > deps.limit) {
      const [oldest] = [...all].filter(isFree).sort((a, b) => a.usedAt - b.usedAt);
      if (leaving.size) await Promise.race(leaving.values());
      else if (oldest) await close(oldest);
      else return false;
    }
    return true;
  }

  function noteIdle(held: PoolEntry): void {
    held.idleTimer?.stop();
    void held.stale.note(deps.now());
    const isSurplus = all.size > deps.limit || !held.process.isHealthy();
    const closeIfFree = () => {
      if (isFree(held)) void close(held);
    };
    held.idleTimer = startAwakeTimer(isSurplus ? 0 : deps.idleMs, closeIfFree, { isRef: false });
  }

  /** Starts a process; where there is no room and it is not `needed`, gives null. */
  async function open(launch: Launch, isNeeded: boolean): Promise<PoolEntry | null> {
    opening += 1;
    try {
      const hasRoom = await makeRoom();
      return hasRoom || isNeeded ? await openNew(launch) : null;
    } finally {
      opening -= 1;
    }
  }

  async function openNew(launch: Launch): Promise<PoolEntry> {
    await deps.checkFree(launch.sessionId, pids());
    let held: PoolEntry | null = null;
    const process = await deps.start(launch, {
      listener: () => listener,
      onIdle: () => held && noteIdle(held),
    });
    const stale = createStaleCheck(() => deps.findTranscript(process.sessionId(), launch.project));
    held = {
      process,
      stale,
      usedAt: deps.now().getTime(),
      idleTimer: null,
      isReserved: false,
      hasViewer: false,
    };
    const own = held;
    all.add(own);
    void process.exited.then(() => {
      own.idleTimer?.stop();
      if (all.delete(own)) listener?.changed(process.sessionId(), !isClosing);
    });
    if (isClosing) void process.kill();
    listener?.changed(launch.sessionId, false);
    noteIdle(own);
    return own;
  }

  const isUsable = ({ process }: PoolEntry, launch: Launch) =>
    process.isHealthy() &&
    launchFingerprint(process.launch) === launchFingerprint(launch) &&
    (!isBypass(launch) || isBypass(process.launch));

  /** Another process is needed: work that goes on in this one is not ended for that. */
  function assertNoBackgroundWork({ process }: PoolEntry): void {
    if (process.isHealthy() && process.hasBackground()) throw new AppError('background_busy');
  }

  /** The process for a launch: the one that is there if it will do, else a new one in its place. */
  async function acquireProcess(launch: Launch): Promise<PoolEntry> {
    await whenReleased(launch.sessionId);
    const held = find(launch.sessionId);
    if (held) {
      held.isReserved = true;
      try {
        const [isStale] = await Promise.all([held.stale.isStale(), deps.checkFree(launch.sessionId, pids())]);
        if (isUsable(held, launch) && !isStale) return held;
        if (!isStale) assertNoBackgroundWork(held);
      } catch (error) {
        held.isReserved = false;
        throw error;
      }
      await close(held);
    }
    const opened = (await open(launch, true)) as PoolEntry;
    opened.isReserved = true;
    return opened;
  }

  /** Gives a message to the process of its session; `asks` where the mode of the turn does. */
  async function send(
    spec: RunSpec,
    onOutput: (output: AgentOutput) => void,
    asks: boolean,
  ): Promise<LiveRun> {
    let held = await acquireProcess(spec);
    try {
      const begin = () => {
        held.usedAt = deps.now().getTime();
        held.hasViewer ||= asks;
        return held.process.run(spec, onOutput, held.hasViewer);
      };
      return await begin().catch(async () => {
        // It refuses the mode or model that the turn is to run with, or has just ended: a new one is started so.
        const { hasViewer: isWatched } = held;
        assertNoBackgroundWork(held);
        await close(held);
        held.isReserved = false;
        held = await acquireProcess(spec);
        held.hasViewer = isWatched;
        return begin();
      });
    } finally {
      held.isReserved = false;
    }
  }

  const run: LivePool['run'] = async (spec, onOutput, asks) => {
    const sendExclusive = (message: RunSpec, output: (output: AgentOutput) => void) =>
      inTurn(message.sessionId, () => send(message, output, asks));
    return retryIfUndelivered(await sendExclusive(spec, onOutput), sendExclusive, [spec, onOutput]);
  };

  async function warmExclusive(launch: Launch): Promise<LiveProcess | null> {
    await whenReleased(launch.sessionId);
    const known = find(launch.sessionId);
    let held: PoolEntry | null;
    if (known && (isUsable(known, launch) || !isFree(known))) held = known;
    else if (known) held = await acquireProcess(launch);
    else held = await open(launch, false);
    if (!held) return null;
    held.isReserved = false;
    held.hasViewer = true;
    held.usedAt = deps.now().getTime();
    if (isFree(held)) noteIdle(held);
    return held.process;
  }

  return {
    async warm(launch) {
      if (!deps.limit) return;
      const process = await inTurn(launch.sessionId, () => warmExclusive(launch));
      await process?.ready;
    },
    isOpen: (sessionId) => find(sessionId) !== undefined,
    canTake: (launch) =>
      inTurn(launch.sessionId, async () => {
        await whenReleased(launch.sessionId);
        const held = find(launch.sessionId);
        return held !== undefined && isUsable(held, launch);
      }),
    counts: () => ({
      open: all.size,
      busy: [...all].filter(({ process }) => process.isBusy()).length,
      limit: deps.limit,
    }),
    run,
    adjust: async (sessionId, changes) => find(sessionId)?.process.adjust(changes),
    readOutputTails: async (sessionId) =>
      (await find(sessionId)?.process.tails()) ?? new Map<string, string>(),
    stopTask: async (sessionId, taskId) => (await find(sessionId)?.process.stopTask(taskId)) ?? false,
    release: (sessionId) =>
      inTurn(sessionId, async () => {
        await whenReleased(sessionId);
        const held = find(sessionId);
        if (!held) return;
        assertNoBackgroundWork(held);
        await close(held);
      }),
    close: (sessionId) =>
      inTurn(sessionId, async () => {
        await whenReleased(sessionId);
        const held = find(sessionId);
        if (held) await close(held);
      }),
    listen(value) {
      listener = value;
    },
    async dispose() {
      isClosing = true;
      while (opening) await delay(20);
      const left = [...all];
      await Promise.all(left.map((held) => (isFree(held) ? close(held) : held.process.kill())));
      // What it still has to tell goes to a journal that is open.
      await Promise.all([...left.map(({ process }) => process.exited), ...leaving.values()]);
    },
  };
}
