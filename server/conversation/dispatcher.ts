import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunEnd, RunSpec } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { ConversationRecord, MappingStore, Turn, TurnEnd } from '../store/port.ts';
import type { Book } from './book.ts';
import { createEndings } from './endings.ts';
import { type Active, createActive, type Lanes } from './lanes.ts';
import { nextToStart } from './order.ts';
import { decideEnd, isEnded, type StopReason, toEndEvent } from './outcome.ts';
import { runTurn, type TurnRunDeps } from './turn-run.ts';

/** How long until something that the disk refused is tried again. */
const retryMs = 500;

/**
 * How long a process may take to leave after its answer once the next message waits. It writes the end
 * of the transcript then (40 ms on an idle machine); only one that a background shell holds takes longer.
 */
const leaveMs = 3000;

/** What a conversation that says nothing of its own runs with. */
export type RunDefaults = {
  permissionMode: string;
  allowedTools: string;
  model: string | null;
  extraArgs: readonly string[];
  timeoutS: number;
};

export type DispatcherDeps = TurnRunDeps & {
  lanes: Lanes;
  mapping: MappingStore;
  book: Book;
  /** Throws AppError where a folder is gone, or no longer allowed. */
  resolveProject(path: string): Promise<string>;
  defaults: RunDefaults;
  maxRunning: number;
};

/**
 * Starts the turns that wait, one at a time in each conversation and session, and settles their ends.
 * A turn is marked as running on disk before its process exists, so that it can never run twice.
 */
export function createDispatcher(deps: DispatcherDeps) {
  const { lanes, turns, mapping, book, journal } = deps;
  const endings = createEndings();
  const followed = new Set<string>();
  let isOpen = false;
  let isClosing = false;
  let retry: NodeJS.Timeout | null = null;

  function pump(): void {
    if (!isOpen) return;
    const active = [...lanes.active.values()];
    const taken = {
      conversations: new Set(active.map(({ turn }) => turn.conv_id)),
      sessions: new Set([...active.map(({ turn }) => turn.session_id ?? ''), ...[...lanes.lingering.values()].map((held) => held.sessionId)]),
      running: active.length,
    };
    const waiting = lanes.queue.map((turn) => ({ ...turn, session_id: mapping.get(turn.conv_id)?.session_id ?? null }));
    for (const turn of waiting) endLingering(turn.conv_id, turn.session_id);
    for (const { id } of nextToStart(waiting, taken, deps.maxRunning)) {
      const index = lanes.queue.findIndex((turn) => turn.id === id);
      const [turn] = lanes.queue.splice(index, 1);
      if (turn) process(createActive(turn)).catch((error) => deps.warn(error, 'a turn could not be settled'));
    }
  }

  /** A background shell that outlived its turn is ended by the next message: one session has one process. */
  function endLingering(convId: string, sessionId: string | null): void {
    for (const held of lanes.lingering.values()) {
      if (held.isEnding || (held.convId !== convId && held.sessionId !== sessionId)) continue;
      held.isEnding = true;
      const timer = setTimeout(() => void held.run.stop(), leaveMs);
      void held.run.exited.then(() => clearTimeout(timer));
    }
  }

  async function process(active: Active): Promise<void> {
    const { turn } = active;
    lanes.active.set(turn.id, active);
    try {
      const session = await begin(active);
      if (!session) return;
      book.announce(turn.conv_id);
      const spec = session.spec;
      const { turnEnd, end } = await runTurn(active, spec, turn.options.timeout_s ?? deps.defaults.timeoutS, deps);
      await settle(active, turnEnd, end);
    } catch (error) {
      // Whatever it was, nobody may be left waiting: it is the end of the turn.
      const known = error instanceof AppError ? error : new AppError('internal', 'The server failed to run the turn.');
      if (known !== error) deps.warn(error, 'a turn failed for a fault of the server');
      const end = { kind: 'failure', code: known.code, detail: known.message } as const;
      if (!isEnded(turn)) await settle(active, decideEnd(turn, { end, stop: null, text: '', at: deps.now().toISOString() }), null);
    } finally {
      if (isEnded(turn)) followed.delete(turn.id);
      lanes.active.delete(turn.id);
      pump();
    }
  }

  /** Chooses the session and marks the turn as running; puts it back in the queue where the disk refuses. */
  async function begin(active: Active): Promise<{ spec: RunSpec } | null> {
    const { turn } = active;
    try {
      const record = mapping.get(turn.conv_id) ?? newRecord(turn);
      // Before the first wait: the next look at the queue must see that this session is taken.
      const sessionId = record.session_id ?? randomUUID();
      turn.session_id = sessionId;
      const project = await deps.resolveProject(await ownFolder(record));
      const exists = record.session_id !== null && (await deps.agent.hasSession(sessionId, project));
      if (active.stop) {
        await settle(active, stoppedEarly(active.stop), null);
        return null;
      }
      turn.started_at = deps.now().toISOString();
      turns.start(turn.id, sessionId, turn.started_at);
      turn.state = 'running';
      // The turn has the session on disk already: after a crash the mapping gets it from there.
      const now = mapping.get(turn.conv_id) ?? record;
      // A reset that came meanwhile is for the next turn: this one is on its way in the session of before.
      const session_id = now.reset_at === record.reset_at ? (now.session_id ?? sessionId) : now.session_id;
      if (session_id !== now.session_id || !now.project) book.saveLater(turn.conv_id, { ...now, session_id, project });
      if (!exists && record.turn_count > 0 && record.session_id) {
        const failure = { code: 'session_not_found', detail: `The transcript of session ${sessionId} is gone.` } as const;
        await settle(active, { state: 'failed', text: '', result: null, error: failure, ended_at: deps.now().toISOString() }, null);
        return null;
      }
      return { spec: toSpec(turn, record, project, !exists) };
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'storage_unavailable')) throw error;
      deps.warn(error, 'a turn waits for the disk');
      turn.state = 'queued';
      lanes.queue.unshift(turn);
      retry ??= setTimeout(() => {
        retry = null;
        pump();
      }, retryMs);
      // The lane stays taken until then, or the pump would spin.
      await delay(retryMs);
      return null;
    }
  }

  /** The folder of a conversation; one that the original system made says none, and works where its session began. */
  async function ownFolder(record: ConversationRecord): Promise<string> {
    const found = record.project || !record.session_id ? null : await deps.agent.findSession(record.session_id);
    return found?.project ?? book.projectOf(record);
  }

  function toSpec(turn: Turn, record: ConversationRecord, project: string, isNew: boolean): RunSpec {
    const { defaults } = deps;
    return {
      turnId: turn.id,
      project,
      sessionId: turn.session_id as string,
      isNew,
      message: turn.message,
      literal: turn.options.literal ?? false,
      follow: followed.has(turn.id) || journal.isFollowed(turn.conv_id),
      permissionMode: turn.options.permission_mode ?? record.permission_mode ?? defaults.permissionMode,
      allowedTools: record.allowed_tools ?? defaults.allowedTools,
      model: turn.options.model ?? record.model ?? defaults.model,
      extraArgs: [...defaults.extraArgs, ...(record.extra_args ?? [])],
    };
  }

  const stoppedEarly = (stop: StopReason): TurnEnd => ({
    state: stop === 'cancel' ? 'cancelled' : 'interrupted',
    text: '',
    result: null,
    error: { code: stop === 'cancel' ? 'turn_cancelled' : 'turn_interrupted', detail: 'It was stopped before the agent was started.' },
    ended_at: deps.now().toISOString(),
  });

  function noteProcessGone(turn: Turn): void {
    try {
      turns.noteProcess(turn.id, null, null);
    } catch (error) {
      // At the next start it is looked for in vain.
      deps.warn(error, 'the end of a process could not be noted');
    }
  }

  /** Puts an end on disk, tells who waits for it, and keeps the lane until the process is gone. */
  async function settle(active: Active, turnEnd: TurnEnd, end: RunEnd | null): Promise<void> {
    const { turn, run } = active;
    const event = toEndEvent(turn, turnEnd);
    const ended = { ...turn, ...turnEnd };
    await untilWritten(
      () => turns.end(turn.id, turnEnd, event),
      () => endings.tell(ended),
    );
    Object.assign(turn, turnEnd);
    noteEnd(ended, end);
    lanes.active.delete(turn.id);
    if (run) {
      const held = { convId: turn.conv_id, sessionId: ended.result?.session_id ?? (turn.session_id as string), run, isEnding: false };
      lanes.lingering.set(turn.id, held);
      void run.exited.then(() => {
        lanes.lingering.delete(turn.id);
        noteProcessGone(turn);
        pump();
      });
    }
    book.announce(turn.conv_id);
    endings.tell(ended);
  }

  /** Repeats a write until the disk takes it. `onRefusal` is called at the first refusal: nobody need wait for the disk. */
  async function untilWritten(write: () => void, onRefusal: () => void): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        write();
        return;
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'storage_unavailable')) throw error;
        if (attempt === 0) {
          deps.warn(error, 'the end of a turn waits for the disk');
          onRefusal();
        }
        // The next start finds the turn running, and interrupts it.
        if (isClosing) return;
        await delay(retryMs);
      }
    }
  }

  /** Keeps the mapping in step with a turn that ended; /clear leaves the conversation with another session. */
  function noteEnd(turn: Turn, end: RunEnd | null): void {
    const record = mapping.get(turn.conv_id);
    if (!record) return;
    const answer = end?.kind === 'answer' ? end : null;
    const follows = answer !== null && record.session_id === turn.session_id;
    const spent = record.session_cost ?? 0;
    const cost = answer ? (answer.costCovers === 'session' && answer.cost >= spent ? answer.cost - spent : answer.cost) : 0;
    book.saveLater(turn.conv_id, {
      ...record,
      session_id: follows ? answer.sessionId : record.session_id,
      last_message_at: turn.ended_at ?? record.last_message_at,
      turn_count: record.turn_count + (answer ? 1 : 0),
      settled_turn: turn.id,
      cost_usd: (record.cost_usd ?? 0) + cost,
      session_cost: answer?.costCovers === 'session' && follows ? answer.cost : answer ? 0 : spent,
    });
  }

  /** From now on no turn is started. */
  function beginClose(): void {
    isOpen = false;
    isClosing = true;
    if (retry) clearTimeout(retry);
  }

  return {
    /** Takes up turns that are queued on disk and lets them run. */
    open(): void {
      isOpen = !isClosing;
      pump();
    },
    enqueue(turn: Turn, follow: boolean): void {
      if (follow) followed.add(turn.id);
      lanes.queue.push(turn);
      book.announce(turn.conv_id);
      pump();
    },
    /** A turn that an earlier process left was settled. */
    leftoverEnded(turn: Turn): void {
      lanes.active.delete(turn.id);
      book.announce(turn.conv_id);
      endings.tell(turn);
    },
    /** Resolves with the turn when it ended; at once where it has. */
    async ended(id: string, signal?: AbortSignal): Promise<Turn> {
      const turn = turns.get(id);
      return turn && isEnded(turn) ? turn : endings.of(id, signal);
    },
    /** Stops a turn, or takes it out of the queue. Resolves with the turn as it ended. */
    async cancel(turn: Turn): Promise<Turn> {
      const index = lanes.queue.findIndex((waiting) => waiting.id === turn.id);
      const active = lanes.active.get(turn.id);
      if (index >= 0) {
        const turnEnd = stoppedEarly('cancel');
        turns.end(turn.id, turnEnd, toEndEvent(turn, turnEnd));
        lanes.queue.splice(index, 1);
        book.announce(turn.conv_id);
        endings.tell({ ...turn, ...turnEnd });
      } else if (active) {
        const ended = endings.of(turn.id);
        active.stop ??= 'cancel';
        void active.run?.stop();
        return ended;
      }
      return turns.get(turn.id) as Turn;
    },
    beginClose,
    /** Starts no more turns, gives running ones `graceMs`, then stops them. Resolves when no process is left. */
    async close(graceMs: number, hurry?: AbortSignal): Promise<void> {
      beginClose();
      // What an earlier process left and could not be settled is for the next start.
      for (const [id, active] of lanes.active) if (active.isLeftover) lanes.active.delete(id);
      const until = Date.now() + graceMs;
      while (lanes.active.size && Date.now() < until && !hurry?.aborted) await delay(Math.min(50, graceMs));
      const running = [...lanes.active.values()];
      for (const active of running) {
        active.stop ??= 'shutdown';
        void active.run?.stop();
      }
      await Promise.all([...lanes.lingering.values()].map(({ run }) => run.stop()));
      while (lanes.active.size) await delay(20);
      await Promise.all(running.map(({ run }) => run?.stop()));
      endings.giveUp(new AppError('shutting_down', 'The server is shutting down. The message is kept, and runs when it is back.'));
    },
  };
}

const newRecord = ({ created_at, options }: Turn): ConversationRecord => ({
  session_id: null,
  created_at,
  last_message_at: created_at,
  turn_count: 0,
  last_message: null,
  ...(options.project ? { project: options.project } : {}),
});

export type Dispatcher = ReturnType<typeof createDispatcher>;
