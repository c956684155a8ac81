import { setTimeout as delay } from 'node:timers/promises';
import type { AgentOutput, Run } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { ConversationRecord, Turn } from '../store/port.ts';
import { contain } from '../util/contain.ts';
import { pickNextTurns } from './pick-next.ts';
import { type ActiveTurn, createActiveTurn, findActiveTurn } from './state.ts';
import { type StopReason, stoppedEarly, toEndEvent } from './turn/result.ts';
import { TurnRunner, type TurnRunnerDeps } from './turn/runner.ts';
import { TurnQueue } from './turn-queue.ts';

/**
 * How long a process may take to exit after its answer when the next message waits. It writes the end of the
 * transcript then (40 ms on an idle machine); only a process with a background shell takes longer.
 */
const exitTimeoutMs = 3000;

export type SchedulerDeps = TurnRunnerDeps & { maxRunning: number };

/** Starts queued turns, one at a time in each conversation and session. */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #queue: TurnQueue;
  readonly #runner: TurnRunner;
  #isOpen = false;
  #isClosing = false;

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
    this.#queue = new TurnQueue(deps);
    this.#runner = new TurnRunner(deps, { queue: this.#queue, onChange: () => this.schedule() });
    deps.leases.onChange(() => this.schedule());
  }

  /** Starts queued turns from now on. */
  open(): void {
    this.#isOpen = !this.#isClosing;
    this.schedule();
  }

  /** Starts the turns that can start now. Called by timers and exit handlers, so an error must not reach them. */
  schedule(): void {
    contain(
      () => this.#startReadyTurns(),
      (error) => this.#deps.warn(error, 'the queue could not be processed'),
    )();
  }

  /** Moves a queued turn to the front of its conversation. */
  promote(turn: Turn): void {
    this.#queue.promote(turn);
  }

  /** `follow`: a client reads the events of the turn as they come. */
  enqueue(turn: Turn, follow: boolean): void {
    const { records, schedulerState } = this.#deps;
    if (follow) this.#runner.follow(turn.id);
    this.#queue.add(turn);
    const active = findActiveTurn(schedulerState, turn.conv_id);
    if (turn.options.interrupt) this.#queue.promote(turn);
    // Behind earlier steering messages.
    else if (turn.options.steer) this.#queue.promote(turn, (other) => other.options.steer === true);
    records.announce(turn.conv_id);
    if (active && turn.options.interrupt) stopTurn(active, 'cancel');
    else if (active && turn.options.steer) this.#runner.steerWaiting(active);
    this.schedule();
  }

  /** Adopts a turn that the agent started on its own; returns the handler of its output. */
  startAgentTurn(turn: Turn, project: string, run: Run): (output: AgentOutput) => void {
    return this.#runner.runAgentTurn(turn, project, run);
  }

  /** The end of a turn of an earlier server was stored. */
  onLeftoverSettled(turn: Turn): void {
    const { records, schedulerState, waiters } = this.#deps;
    schedulerState.active.delete(turn.id);
    records.announce(turn.conv_id);
    waiters.notifyEnded(turn);
  }

  /** Stops a turn or removes it from the queue. Resolves with the ended turn. */
  async cancel(turn: Turn): Promise<Turn> {
    const { now, records, schedulerState, turns, waiters } = this.#deps;
    const active = schedulerState.active.get(turn.id);
    if (this.#queue.get(turn.id)) {
      const turnEnd = stoppedEarly('cancel', now());
      turns.end(turn.id, turnEnd, toEndEvent(turn, turnEnd), null);
      this.#queue.remove(turn.id);
      records.announce(turn.conv_id);
      waiters.notifyEnded({ ...turn, ...turnEnd });
    } else if (active) {
      const ended = waiters.waitForEnd(turn.id);
      stopTurn(active, 'cancel');
      return ended;
    }
    return turns.get(turn.id) as Turn;
  }

  /** Starts no more turns. */
  beginClose(): void {
    this.#isOpen = false;
    this.#isClosing = true;
    this.#runner.beginClose();
  }

  /** Starts no more turns, gives running ones `graceMs`, then stops them. Resolves when all processes have exited. */
  async close(graceMs: number, hurry?: AbortSignal): Promise<void> {
    const { schedulerState, waiters } = this.#deps;
    this.beginClose();
    // Leftovers that could not be settled are for the next start.
    for (const [id, active] of schedulerState.active) if (active.isLeftover) schedulerState.active.delete(id);
    const until = Date.now() + graceMs;
    while (schedulerState.active.size && Date.now() < until && !hurry?.aborted)
      await delay(Math.min(50, graceMs));
    const active = [...schedulerState.active.values()];
    for (const turn of active) stopTurn(turn, 'shutdown');
    const draining = [...schedulerState.draining.values()].map(({ run }) => run);
    await Promise.all(draining.map((run) => run.stop()));
    while (schedulerState.active.size) await delay(20);
    await Promise.all(active.map(({ run }) => run?.stop()));
    // Until each exit was recorded.
    await Promise.all([...draining, ...active.map(({ run }) => run)].map((run) => run?.exited));
    waiters.rejectAll(shuttingDownError);
  }

  #startReadyTurns(): void {
    if (!this.#isOpen) return;
    const { leases, mapping, maxRunning, schedulerState, warn } = this.#deps;
    const waiting = this.#queue
      .list()
      .filter((turn) => this.#mayStart(mapping.get(turn.conv_id)))
      .map((turn) => ({ ...turn, session_id: mapping.get(turn.conv_id)?.session_id ?? null }));
    for (const turn of waiting) this.#endDraining(turn.conv_id, turn.session_id);
    const sessions = waiting.map(({ session_id }) => session_id ?? '');
    const active = [...schedulerState.active.values()];
    const occupied = {
      conversations: new Set(active.map(({ turn }) => turn.conv_id)),
      sessions: new Set(sessions.filter((id) => !leases.isFree(id, 'turn'))),
      running: active.filter((one) => this.#usesProcess(one)).length,
    };
    for (const { id, session_id } of pickNextTurns(waiting, occupied, maxRunning)) {
      const turn = this.#queue.remove(id);
      if (!turn) continue;
      const next = createActiveTurn(turn);
      if (session_id) next.lease = leases.tryAcquire(session_id, 'turn');
      this.#runner.run(next).catch((error) => warn(error, 'a turn could not be settled'));
    }
  }

  #isInTerminal(sessionId: string | null): boolean {
    return sessionId !== null && this.#deps.leases.isForTerminal(sessionId);
  }

  /** Turns that wait for a person, or are typed into a terminal, do not count towards the limit. */
  #usesProcess({ turn }: ActiveTurn): boolean {
    return turn.state !== 'waiting' && !this.#isInTerminal(turn.session_id);
  }

  /** Messages for a session in a terminal wait until it is closed, unless they are to be typed into it. */
  #mayStart(record: ConversationRecord | undefined): boolean {
    if (!record) return true;
    if (record.queue_paused) return false;
    return record.terminal_messages === 'terminal' || !this.#isInTerminal(record.session_id);
  }

  /** The next message ends a background shell that outlived its turn: a session has one process. */
  #endDraining(convId: string, sessionId: string | null): void {
    for (const draining of this.#deps.schedulerState.draining.values()) {
      const isInTheWay = draining.convId === convId || draining.sessionId === sessionId;
      if (draining.isEnding || !isInTheWay) continue;
      draining.isEnding = true;
      const stop = contain(
        () => draining.run.stop(),
        (error) => this.#deps.warn(error, 'a process could not be ended'),
      );
      const timer = setTimeout(stop, exitTimeoutMs);
      void draining.run.exited.then(() => clearTimeout(timer));
    }
  }
}

function stopTurn(active: ActiveTurn, reason: StopReason): void {
  active.stop ??= reason;
  void active.run?.stop();
}

/** Tells callers of a turn that this server will not run which turn to ask for later. */
export const shuttingDownError = (turnId: string): AppError =>
  new AppError(
    'accepted_shutting_down',
    `The server is shutting down. Turn ${turnId} is kept, and runs when the server is back.`,
    { turnId },
  );
