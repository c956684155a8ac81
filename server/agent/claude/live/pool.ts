import type { AgentOutput, Launch, LiveListener, LiveProcesses, Run, RunSpec } from '../../port.ts';
import type { LiveProcess } from './process.ts';
import { createStaleCheck } from './stale.ts';

type Held = {
  process: LiveProcess;
  stale: ReturnType<typeof createStaleCheck>;
  usedAt: number;
  idleTimer: NodeJS.Timeout | null;
  /** A turn is about to be given to it. */
  isReserved: boolean;
};

export type LivePool = LiveProcesses & {
  /** Whether a run could go on a process that is open now, or about to be. */
  canTake(spec: Launch): Promise<boolean>;
  /** Runs on the process of the session; starts one, or another one where it cannot be used as it is. */
  run(spec: RunSpec, onOutput: (output: AgentOutput) => void): Promise<Run>;
  /** The pid of a session's process. */
  pidOf(sessionId: string): number | null;
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
  /** Throws AppError where a session cannot be opened. */
  checkFree(sessionId: string): Promise<void>;
}): LivePool {
  const all = new Set<Held>();
  const starting = new Map<string, Promise<Held>>();
  let listener: LiveListener | null = null;
  let isClosing = false;

  const find = (sessionId: string): Held | undefined => [...all].find((held) => held.process.sessionId() === sessionId && held.process.isAlive());
  const isFree = (held: Held) => held.process.isIdle() && !held.isReserved;

  async function close(held: Held): Promise<void> {
    all.delete(held);
    if (held.idleTimer) clearTimeout(held.idleTimer);
    await held.process.close();
    listener?.changed(held.process.sessionId());
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
    await deps.checkFree(launch.sessionId);
    let held: Held | null = null;
    const process = await deps.start(launch, { listener: () => listener, onIdle: () => held && noteIdle(held) });
    const stale = createStaleCheck(() => deps.findTranscript(process.sessionId(), launch.project));
    held = { process, stale, usedAt: deps.now().getTime(), idleTimer: null, isReserved: false };
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

  /** The process for a launch: the one that is there if it will do, else a new one in its place. */
  async function take(launch: Launch): Promise<Held> {
    await starting.get(launch.sessionId)?.catch(() => {});
    const held = find(launch.sessionId);
    if (held) {
      held.isReserved = true;
      if (isUsable(held, launch) && !(await held.stale.isStale())) return held;
      await close(held);
    }
    await makeRoom();
    const opened = await open(launch);
    opened.isReserved = true;
    return opened;
  }

  async function run(spec: RunSpec, onOutput: (output: AgentOutput) => void): Promise<Run> {
    let held = await take(spec);
    try {
      held.usedAt = deps.now().getTime();
      try {
        return await held.process.run(spec, onOutput);
      } catch {
        // It refuses the mode or model that the turn is to run with, or has just ended: a new one is started so.
        await close(held);
        held = await open(spec);
        return await held.process.run(spec, onOutput);
      }
    } finally {
      held.isReserved = false;
    }
  }

  return {
    async warm(launch) {
      if (!deps.limit) return;
      const known = find(launch.sessionId);
      if (known) {
        known.usedAt = deps.now().getTime();
        if (isFree(known)) noteIdle(known);
        if (isUsable(known, launch) || !isFree(known)) return known.process.ready;
      }
      if (known) {
        const held = await take(launch);
        held.isReserved = false;
        await held.process.ready;
      } else if (await makeRoom()) {
        await (await open(launch)).process.ready;
      }
    },
    isOpen: (sessionId) => find(sessionId) !== undefined,
    async canTake(launch) {
      await starting.get(launch.sessionId)?.catch(() => {});
      const held = find(launch.sessionId);
      return held !== undefined && isUsable(held, launch);
    },
    counts: () => ({ open: all.size, busy: [...all].filter(({ process }) => process.isBusy()).length, limit: deps.limit }),
    run,
    pidOf: (sessionId) => find(sessionId)?.process.pid ?? null,
    adjust: async (sessionId, changes) => find(sessionId)?.process.adjust(changes),
    tails: async (sessionId) => (await find(sessionId)?.process.tails()) ?? new Map<string, string>(),
    stopTask: async (sessionId, taskId) => (await find(sessionId)?.process.stopTask(taskId)) ?? false,
    async close(sessionId) {
      await starting.get(sessionId)?.catch(() => {});
      const held = find(sessionId);
      if (held) await close(held);
    },
    listen(value) {
      listener = value;
    },
    async dispose() {
      isClosing = true;
      await Promise.allSettled([...starting.values()]);
      await Promise.all([...all].map((held) => (isFree(held) ? close(held) : held.process.kill())));
    },
  };
}
