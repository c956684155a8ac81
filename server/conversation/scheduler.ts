import { setTimeout as delay } from 'node:timers/promises';
import type { Run } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { SessionLeases } from '../session/lease.ts';
import type { ConversationRecord, MappingStore, Turn, TurnStore } from '../store/port.ts';
import type { StartTypedTurn } from '../terminal/turn-port.ts';
import type { Undo } from '../undo/port.ts';
import { contain } from '../util/contain.ts';
import { isExhaustion } from '../util/exhaustion.ts';
import { createMutex } from '../util/mutex.ts';
import type { BudgetKeeper } from './budget.ts';
import { pickNextTurns } from './pick-next.ts';
import type { ConversationRecords } from './records.ts';
import {
  type ActiveTurn,
  createActiveTurn,
  findActiveTurn,
  type SchedulerState,
  streamedText,
} from './state.ts';
import { createTurnFinisher } from './turn/finish.ts';
import { newRecord, type TurnPreparer } from './turn/prepare.ts';
import { isEnded, resolveTurnEnd, type StopReason, stoppedEarly, toEndEvent } from './turn/result.ts';
import { followAgentTurn, runTurn, type TurnRunDeps } from './turn/run.ts';
import type { TurnWaiters } from './turn/waiters.ts';
import { addWarning, checkTranscriptKept } from './turn/warnings.ts';

/** The delay before a refused write is retried. */
const retryDelayMs = 500;

/**
 * How long a process may take to exit after its answer when the next message waits. It writes the end of the
 * transcript then (40 ms on an idle machine); only a process with a background shell takes longer.
 */
const exitTimeoutMs = 3000;

export type SchedulerDeps = Omit<TurnRunDeps, 'onWaiting'> & {
  leases: SessionLeases;
  startTypedTurn: StartTypedTurn;
  undo: Pick<Undo, 'before' | 'after'>;
  schedulerState: SchedulerState;
  mapping: MappingStore;
  turns: TurnStore;
  records: ConversationRecords;
  preparer: TurnPreparer;
  budgets: BudgetKeeper;
  waiters: TurnWaiters;
  /** Waits for a free start slot; returns the function that releases it. */
  acquireStartSlot(): Promise<() => void>;
  maxRunning: number;
  timeoutS: number;
};

/**
 * Starts queued turns, one at a time in each conversation and session, and stores their ends.
 * A turn is marked as running on disk before its process exists, so that it can never run twice.
 */
export function createScheduler(deps: SchedulerDeps) {
  const { leases, schedulerState, turns, mapping, records, journal, preparer, waiters } = deps;
  const followed = new Set<string>();
  const steerInTurn = createMutex();
  let isOpen = false;
  let isClosing = false;
  let retry: NodeJS.Timeout | null = null;
  const { settle } = createTurnFinisher({ ...deps, isClosing: () => isClosing });
  leases.onChange(schedule);

  const running: TurnRunDeps = {
    ...deps,
    onWaiting({ turn }) {
      if (turn.state === 'waiting') waiters.notifyWaiting(turn);
      records.announce(turn.conv_id);
      schedule();
    },
  };

  /** Called by timers and exit handlers, so an error must not reach them. */
  function schedule(): void {
    contain(startReadyTurns, (error) => deps.warn(error, 'the queue could not be looked at'))();
  }

  function startReadyTurns(): void {
    if (!isOpen) return;
    const active = [...schedulerState.active.values()];
    const ready = schedulerState.queue.filter((turn) => mayStart(mapping.get(turn.conv_id)));
    const waiting = ready.map((turn) => ({
      ...turn,
      session_id: mapping.get(turn.conv_id)?.session_id ?? null,
    }));
    for (const turn of waiting) endDraining(turn.conv_id, turn.session_id);
    const taken = {
      conversations: new Set(active.map(({ turn }) => turn.conv_id)),
      sessions: new Set(
        waiting.map(({ session_id }) => session_id ?? '').filter((id) => !leases.isFree(id, 'turn')),
      ),
      // Turns waiting for a person, or typed into a terminal, use no process slot.
      running: active.filter(({ turn }) => turn.state !== 'waiting' && !isInTerminal(turn.session_id)).length,
    };
    for (const { id, session_id } of pickNextTurns(waiting, taken, deps.maxRunning)) {
      const turn = takeFromQueue(id);
      if (!turn) continue;
      const started = createActiveTurn(turn);
      if (session_id) started.lease = leases.tryAcquire(session_id, 'turn');
      runQueued(started).catch((error) => deps.warn(error, 'a turn could not be settled'));
    }
  }

  const isInTerminal = (sessionId: string | null) => sessionId !== null && leases.isForTerminal(sessionId);

  /** Messages for a session in a terminal wait until it is closed, unless they are to be typed into it. */
  const mayStart = (record: ConversationRecord | undefined) =>
    !record ||
    (!record.queue_paused && (record.terminal_messages === 'terminal' || !isInTerminal(record.session_id)));

  function takeFromQueue(id: string): Turn | undefined {
    const index = schedulerState.queue.findIndex((turn) => turn.id === id);
    return index < 0 ? undefined : schedulerState.queue.splice(index, 1)[0];
  }

  /** The next message ends a background shell that outlived its turn: a session has one process. */
  function endDraining(convId: string, sessionId: string | null): void {
    for (const held of schedulerState.draining.values()) {
      if (held.isEnding || (held.convId !== convId && held.sessionId !== sessionId)) continue;
      held.isEnding = true;
      const timer = setTimeout(
        contain(
          () => held.run.stop(),
          (error) => deps.warn(error, 'a process could not be ended'),
        ),
        exitTimeoutMs,
      );
      void held.run.exited.then(() => clearTimeout(timer));
    }
  }

  async function runQueued(active: ActiveTurn): Promise<void> {
    schedulerState.active.set(active.turn.id, active);
    await withSettledEnd(active, async () => {
      if (!(await prepareTurn(active))) return;
      records.announce(active.turn.conv_id);
      await runToEnd(active, async (onOutput) => {
        const freeSlot = await deps.acquireStartSlot();
        if (active.stop || !active.spec) {
          freeSlot();
          return null;
        }
        const { sessionId } = active.spec;
        const started = isInTerminal(sessionId)
          ? Promise.resolve(deps.startTypedTurn(active.spec, onOutput))
          : deps.agent.run(active.spec, onOutput);
        started.then((value) => value.started.then(freeSlot), freeSlot);
        return started;
      });
    });
  }

  /** Runs a prepared turn until its end is stored. */
  async function runToEnd(
    active: ActiveTurn,
    start: (onOutput: Parameters<Parameters<typeof runTurn>[1]['start']>[0]) => Promise<Run | null>,
  ): Promise<void> {
    const spec = active.spec as NonNullable<ActiveTurn['spec']>;
    const timeoutS = active.turn.options.timeout_s ?? deps.timeoutS;
    const startAndSteer: typeof start = async (onOutput) => {
      const value = await start(onOutput);
      if (value)
        queueMicrotask(
          contain(
            () => steerWaiting(active),
            (error) => deps.warn(error, `turn ${active.turn.id} could not be steered`),
          ),
        );
      return value;
    };
    const { turnEnd, end } = await runTurn(active, { spec, timeoutS, start: startAndSteer }, running);
    const isUnstarted =
      end?.kind === 'failure' && end.code === 'machine_exhausted' && !active.run && !active.stop;
    if (isUnstarted) return requeue(active, new AppError('machine_exhausted', end.detail));
    const isSessionGone =
      end?.kind === 'failure' && end.code === 'session_not_found' && !active.stop && !active.turn.steers;
    if (isSessionGone && !active.warnings.length) return restartInNewSession(active);
    await settle(active, turnEnd, end);
  }

  /** The agent does not know the session, so nothing was done: the message starts a new session. */
  async function restartInNewSession({ turn, run }: ActiveTurn): Promise<void> {
    await run?.exited;
    preparer.abandonSession(turn.session_id as string);
    turns.requeue(turn.id, deps.now().toISOString());
    Object.assign(turn, { state: 'queued', started_at: null, steers: null });
    schedulerState.queue.unshift(turn);
    records.announce(turn.conv_id);
  }

  /** Turns any error into the end of the turn, so that no caller waits forever. */
  async function withSettledEnd(active: ActiveTurn, work: () => Promise<void>): Promise<void> {
    const { turn } = active;
    try {
      await work();
    } catch (error) {
      const known =
        error instanceof AppError ? error : new AppError('internal', 'The server failed to run the turn.');
      if (known !== error) deps.warn(error, `turn ${turn.id} failed for a fault of the server`);
      const end = { kind: 'failure', code: known.code, detail: known.message, cost: null } as const;
      if (!isEnded(turn))
        await settle(
          active,
          resolveTurnEnd(turn, { end, stopTurn: null, text: '', at: deps.now().toISOString() }),
          null,
        );
    } finally {
      if (isEnded(turn)) followed.delete(turn.id);
      schedulerState.active.delete(turn.id);
      if (!schedulerState.draining.has(turn.id)) active.lease?.release();
      schedule();
    }
  }

  /** Chooses the session and marks the turn as running; requeues it if the disk refuses. */
  async function prepareTurn(active: ActiveTurn): Promise<boolean> {
    const { turn } = active;
    try {
      const record = mapping.get(turn.conv_id) ?? newRecord(turn);
      // Before the first await: the next scheduling must see that this session is taken.
      turn.session_id = preparer.getSessionId(turn.conv_id, record);
      active.lease ??= leases.adopt(turn.session_id, 'turn');
      deps.budgets.requireBudget(turn.conv_id);
      const place = await preparer.resolveLocation(turn.conv_id, record, turn.session_id);
      turn.session_id = place.sessionId;
      active.lease.rename(place.sessionId);
      if (place.lost) addWarning(active, 'session_restarted', ` The earlier session is ${place.lost}.`);
      active.spec = await preparer.buildRunSpec(
        turn,
        place,
        followed.has(turn.id) || journal.isFollowed(turn.conv_id),
      );
      await deps.undo.before(turn.id, place.project);
      if (active.stop) {
        await settle(active, stoppedEarly(active.stop, deps.now()), null);
        return false;
      }
      markStarted(active, null);
      // The turn already has the session on disk: after a crash, the mapping is restored from it.
      const now = mapping.get(turn.conv_id) ?? record;
      // A reset that came meanwhile applies to the next turn; this one stays in the previous session.
      const isReset = now.reset_at !== record.reset_at;
      const isMoved = now.session_id !== record.session_id && now.session_id !== null;
      const session_id = isReset || isMoved ? now.session_id : turn.session_id;
      if (session_id !== now.session_id || !now.project)
        records.saveLater(turn.conv_id, { ...now, session_id, project: place.project });
      const reserved = schedulerState.plannedSessions.get(turn.conv_id);
      schedulerState.plannedSessions.delete(turn.conv_id);
      if (reserved && reserved !== turn.session_id) void deps.agent.live.close(reserved);
      return true;
    } catch (error) {
      const isDisk = error instanceof AppError && error.code === 'storage_unavailable';
      if (!isDisk && !isExhaustion(error)) throw error;
      await requeue(active, isDisk ? error : new AppError('machine_exhausted', undefined, { cause: error }));
      return false;
    }
  }

  /** Nothing of the turn has happened: it waits at the front until the disk or the machine has room again. */
  async function requeue({ turn }: ActiveTurn, error: AppError): Promise<void> {
    deps.warn(
      error,
      error.code === 'storage_unavailable' ? 'a turn waits for the disk' : 'a turn waits for the machine',
    );
    // On disk it may be marked as running; after a crash it would count as interrupted.
    if (turn.state !== 'queued') turns.requeue(turn.id, deps.now().toISOString());
    Object.assign(turn, { state: 'queued', started_at: null, steers: null });
    if (error.code === 'machine_exhausted') {
      waiters.rejectTurn(
        turn.id,
        new AppError('machine_exhausted', error.message, { turnId: turn.id, retryAfterS: 5 }),
      );
    }
    schedulerState.queue.unshift(turn);
    records.announce(turn.conv_id);
    retry ??= setTimeout(() => {
      retry = null;
      schedule();
    }, retryDelayMs);
    // Keep the slot until the retry, or the scheduler would spin.
    await delay(retryDelayMs);
  }

  function markStarted({ turn }: ActiveTurn, steers: string | null): void {
    const started = { session_id: turn.session_id, started_at: deps.now().toISOString(), steers };
    turns.start(turn.id, started);
    Object.assign(turn, started, { state: 'running' });
  }

  /** Sends queued steering messages to a running turn, in order. */
  function steerWaiting(active: ActiveTurn): void {
    if (!active.run?.steer || !active.spec || active.stop || isEnded(active.turn)) return;
    for (const turn of schedulerState.queue.filter(
      (one) => one.conv_id === active.turn.conv_id && canSteer(one.options),
    )) {
      steerTurn(turn, active, active.run.steer, active.spec).catch((error) =>
        deps.warn(error, 'a message could not be given to the running turn'),
      );
    }
  }

  async function steerTurn(
    turn: Turn,
    to: ActiveTurn,
    give: NonNullable<Run['steer']>,
    base: NonNullable<ActiveTurn['spec']>,
  ): Promise<void> {
    takeFromQueue(turn.id);
    const active = createActiveTurn(turn);
    turn.session_id = to.turn.session_id;
    active.lease = to.lease?.share() ?? null;
    schedulerState.active.set(turn.id, active);
    await withSettledEnd(active, async () => {
      const place = {
        record: mapping.get(turn.conv_id) ?? newRecord(turn),
        sessionId: base.sessionId,
        project: base.project,
        lost: null,
      };
      // One after the other, because preparing files takes different times.
      active.spec = await steerInTurn(turn.conv_id, () => preparer.buildRunSpec(turn, place, true));
      if (active.stop) return settle(active, stoppedEarly(active.stop, deps.now()), null);
      markStarted(active, to.turn.id);
      records.announce(turn.conv_id);
      await runToEnd(active, async (onOutput) =>
        give(active.spec as NonNullable<ActiveTurn['spec']>, onOutput),
      );
    });
  }

  /** Moves a queued turn to the front of its conversation (behind those of `isBefore`), on disk as well. */
  function promote(turn: Turn, isBefore: (other: Turn) => boolean = () => false): void {
    const own = schedulerState.queue.filter(({ conv_id }) => conv_id === turn.conv_id);
    const others = own.filter((other) => other !== turn);
    const order = [...others.filter(isBefore), turn, ...others.filter((other) => !isBefore(other))];
    if (others.length === own.length || order.every((other, index) => other === own[index])) return;
    const turn_ids = order.map(({ id }) => id);
    turns.reorder(turn_ids, {
      type: 'queue.reordered',
      conv_id: turn.conv_id,
      at: deps.now().toISOString(),
      turn_ids,
    });
    const places = own.map((other) => schedulerState.queue.indexOf(other));
    const ranks = own.map(({ rank }) => rank);
    for (const [index, other] of order.entries()) {
      other.rank = ranks[index] as number;
      schedulerState.queue[places[index] as number] = other;
    }
  }

  function stop(active: ActiveTurn, reason: StopReason): void {
    active.stop ??= reason;
    void active.run?.stop();
  }

  /** Starts no more turns. */
  function beginClose(): void {
    isOpen = false;
    isClosing = true;
    if (retry) clearTimeout(retry);
  }

  return {
    /** Starts queued turns. */
    open(): void {
      isOpen = !isClosing;
      schedule();
    },
    schedule,
    promote,
    enqueue(turn: Turn, follow: boolean): void {
      if (follow) followed.add(turn.id);
      schedulerState.queue.push(turn);
      const active = findActiveTurn(schedulerState, turn.conv_id);
      if (turn.options.interrupt) promote(turn);
      // Behind earlier steering messages.
      else if (turn.options.steer) promote(turn, (other) => other.options.steer === true);
      records.announce(turn.conv_id);
      if (active && turn.options.interrupt) stop(active, 'cancel');
      else if (active && turn.options.steer) steerWaiting(active);
      schedule();
    },
    /** Adopts a turn that the agent started on its own; returns its output handler. */
    startAgentTurn(turn: Turn, project: string, ownRun: Run): ReturnType<typeof followAgentTurn> {
      const active = createActiveTurn(turn);
      active.run = ownRun;
      // The agent has begun already; another turn of the session begins after this one.
      active.lease = leases.adopt(turn.session_id as string, 'turn');
      schedulerState.active.set(turn.id, active);
      records.announce(turn.conv_id);
      const onOutput = followAgentTurn(active, project, running);
      void withSettledEnd(active, async () => {
        const end = await ownRun.end;
        await checkTranscriptKept(active, end, project, deps);
        const text = end.kind === 'answer' ? '' : streamedText(active);
        const at = deps.now().toISOString();
        await settle(
          active,
          resolveTurnEnd(turn, { end, stopTurn: active.stop, text, at, warnings: active.warnings }),
          end,
        );
      });
      return onOutput;
    },
    /** The end of a turn of an earlier server was stored. */
    onLeftoverSettled(turn: Turn): void {
      schedulerState.active.delete(turn.id);
      records.announce(turn.conv_id);
      waiters.notifyEnded(turn);
    },
    /** Stops a turn or removes it from the queue. Resolves with the ended turn. */
    async cancel(turn: Turn): Promise<Turn> {
      const queued = schedulerState.queue.find((waiting) => waiting.id === turn.id);
      const active = schedulerState.active.get(turn.id);
      if (queued) {
        const turnEnd = stoppedEarly('cancel', deps.now());
        turns.end(turn.id, turnEnd, toEndEvent(turn, turnEnd), null);
        takeFromQueue(turn.id);
        records.announce(turn.conv_id);
        waiters.notifyEnded({ ...turn, ...turnEnd });
      } else if (active) {
        const ended = waiters.waitForEnd(turn.id);
        stop(active, 'cancel');
        return ended;
      }
      return turns.get(turn.id) as Turn;
    },
    beginClose,
    /** Starts no more turns, gives running ones `graceMs`, then stops them. Resolves when all processes have exited. */
    async close(graceMs: number, hurry?: AbortSignal): Promise<void> {
      beginClose();
      // Leftovers that could not be settled are for the next start.
      for (const [id, active] of schedulerState.active)
        if (active.isLeftover) schedulerState.active.delete(id);
      const until = Date.now() + graceMs;
      while (schedulerState.active.size && Date.now() < until && !hurry?.aborted)
        await delay(Math.min(50, graceMs));
      const left = [...schedulerState.active.values()];
      for (const active of left) stop(active, 'shutdown');
      const lingering = [...schedulerState.draining.values()].map(({ run }) => run);
      await Promise.all(lingering.map((one) => one.stop()));
      while (schedulerState.active.size) await delay(20);
      await Promise.all(left.map((active) => active.run?.stop()));
      // Until each exit was recorded.
      await Promise.all([...lingering, ...left.map((active) => active.run)].map((one) => one?.exited));
      waiters.rejectAll(shuttingDownError);
    },
  };
}

/** A message with its own settings cannot steer a turn that runs with others. */
const canSteer = ({ steer, permission_mode, model, effort, json_schema }: Turn['options']) =>
  steer === true && [permission_mode, model, effort, json_schema].every((value) => value === undefined);

/** Tells callers of a turn that this server will not run which turn to ask for later. */
export const shuttingDownError = (turnId: string): AppError =>
  new AppError(
    'accepted_shutting_down',
    `The server is shutting down. Turn ${turnId} is kept, and runs when the server is back.`,
    {
      turnId,
    },
  );

export type Scheduler = ReturnType<typeof createScheduler>;
