import { setTimeout as delay } from 'node:timers/promises';
import { isEnded } from '../../../contract/turn-state.ts';
import type { AgentOutput, Run, RunSpec } from '../../agent/port.ts';
import { AppError } from '../../app-error.ts';
import type { SessionLeases } from '../../session/lease.ts';
import type { ConversationRecord, MappingStore, Turn, TurnStore } from '../../store/port.ts';
import type { StartTypedTurn } from '../../terminal/turn-port.ts';
import type { Undo } from '../../undo/port.ts';
import { contain } from '../../util/contain.ts';
import { isExhaustion } from '../../util/exhaustion.ts';
import { createMutex } from '../../util/mutex.ts';
import type { BudgetKeeper } from '../budget.ts';
import type { ConversationRecords } from '../records.ts';
import { type ActiveTurn, createActiveTurn, type SchedulerState, streamedText } from '../state.ts';
import type { TurnQueue } from '../turn-queue.ts';
import { TurnFinisher } from './finish.ts';
import { canSteer } from './launch-options.ts';
import { newRecord, type RunLocation, type TurnPreparer } from './prepare.ts';
import { resolveTurnEnd, stoppedEarly } from './result.ts';
import { followAgentTurn, logFault, runTurn, type StartRun, type TurnRunDeps } from './run.ts';
import type { TurnWaiters } from './waiters.ts';
import { addWarning, checkTranscriptKept } from './warnings.ts';

/** The delay before a turn that the disk or the machine refused is tried again. */
const retryDelayMs = 500;

export type TurnRunnerDeps = Omit<TurnRunDeps, 'onWaiting'> & {
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
  timeoutS: number;
};

/**
 * Runs single turns, from their preparation to an end that is on disk.
 * A turn is marked as running on disk before its process exists, so that it can never run twice.
 */
export class TurnRunner {
  readonly #deps: TurnRunnerDeps;
  readonly #queue: TurnQueue;
  /** Another turn may be able to start. */
  readonly #onChange: () => void;
  readonly #runDeps: TurnRunDeps;
  readonly #finisher: TurnFinisher;
  /** Turns whose caller streams their events. */
  readonly #followed = new Set<string>();
  readonly #prepareInOrder = createMutex();
  #retryTimer: NodeJS.Timeout | null = null;
  #isClosing = false;

  constructor(deps: TurnRunnerDeps, { queue, onChange }: { queue: TurnQueue; onChange(): void }) {
    this.#deps = deps;
    this.#queue = queue;
    this.#onChange = onChange;
    this.#finisher = new TurnFinisher({ ...deps, isClosing: () => this.#isClosing });
    this.#runDeps = { ...deps, onWaiting: (active) => this.#onWaiting(active) };
  }

  /** A client follows the events of this turn as they come. */
  follow(turnId: string): void {
    this.#followed.add(turnId);
  }

  /** Runs a queued turn. */
  async run(active: ActiveTurn): Promise<void> {
    this.#deps.schedulerState.active.set(active.turn.id, active);
    await this.#withSettledEnd(active, async () => {
      if (!(await this.#prepare(active))) return;
      this.#deps.records.announce(active.turn.conv_id);
      await this.#runToEnd(active, (onOutput) => this.#startAgent(active, onOutput));
    });
  }

  /** Runs a turn that the agent started on its own; returns the handler of its output. */
  runAgentTurn(turn: Turn, project: string, run: Run): (output: AgentOutput) => void {
    const { leases, now, records, schedulerState } = this.#deps;
    const active = createActiveTurn(turn);
    active.run = run;
    // The agent has begun already; another turn of the session begins after this one.
    active.lease = leases.adopt(turn.session_id as string, 'turn');
    schedulerState.active.set(turn.id, active);
    records.announce(turn.conv_id);
    const onOutput = followAgentTurn(active, project, this.#runDeps);
    void this.#withSettledEnd(active, async () => {
      const end = await run.end;
      logFault(active, end, this.#deps);
      await checkTranscriptKept(active, end, project, this.#deps);
      const text = end.kind === 'answer' ? '' : streamedText(active);
      const at = now().toISOString();
      const { stop: stopTurn, warnings } = active;
      await this.#finisher.settle(active, resolveTurnEnd(turn, { end, stopTurn, text, at, warnings }), end);
    });
    return onOutput;
  }

  /** Sends queued steering messages to a running turn, in order. */
  steerWaiting(active: ActiveTurn): void {
    const { run, spec, turn } = active;
    if (!run?.steer || !spec || active.stop || isEnded(turn)) return;
    const steering = this.#queue
      .list()
      .filter((other) => other.conv_id === turn.conv_id && canSteer(other.options));
    for (const message of steering) {
      this.#steer(message, active, run.steer, spec).catch((error) =>
        this.#deps.warn(error, 'a message could not be sent to the running turn'),
      );
    }
  }

  /** Retries nothing from now on: what cannot be written is left to the next start. */
  beginClose(): void {
    this.#isClosing = true;
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
  }

  #onWaiting({ turn }: ActiveTurn): void {
    if (turn.state === 'waiting') this.#deps.waiters.notifyWaiting(turn);
    this.#deps.records.announce(turn.conv_id);
    this.#onChange();
  }

  async #startAgent(active: ActiveTurn, onOutput: (output: AgentOutput) => void): Promise<Run | null> {
    const { acquireStartSlot, agent, leases, startTypedTurn } = this.#deps;
    const releaseSlot = await acquireStartSlot();
    const { spec } = active;
    if (active.stop || !spec) {
      releaseSlot();
      return null;
    }
    const run = leases.isForTerminal(spec.sessionId)
      ? Promise.resolve(startTypedTurn(spec, onOutput))
      : agent.run(spec, onOutput);
    run.then((value) => value.started.then(releaseSlot), releaseSlot);
    return run;
  }

  /** Runs a prepared turn until its end is stored. */
  async #runToEnd(active: ActiveTurn, start: StartRun): Promise<void> {
    const spec = active.spec as RunSpec;
    const timeoutS = active.turn.options.timeout_s ?? this.#deps.timeoutS;
    const startAndSteer: StartRun = async (onOutput) => {
      const run = await start(onOutput);
      if (run) queueMicrotask(this.#containSteering(active));
      return run;
    };
    const { turnEnd, end } = await runTurn(active, { spec, timeoutS, start: startAndSteer }, this.#runDeps);
    const failure = end?.kind === 'failure' && !active.stop ? end : null;
    if (failure?.code === 'machine_exhausted' && !active.run)
      return this.#requeue(active, new AppError('machine_exhausted', failure.detail));
    const isSessionGone = failure?.code === 'session_not_found' && !active.turn.steers;
    if (isSessionGone && !active.warnings.length) return this.#restartInNewSession(active);
    await this.#finisher.settle(active, turnEnd, end);
  }

  #containSteering(active: ActiveTurn): () => void {
    return contain(
      () => this.steerWaiting(active),
      (error) => this.#deps.warn(error, `turn ${active.turn.id} could not be steered`),
    );
  }

  /** The agent does not know the session, so nothing was done: the message starts a new session. */
  async #restartInNewSession(active: ActiveTurn): Promise<void> {
    await active.run?.exited;
    this.#deps.preparer.abandonSession(active.turn.session_id as string);
    this.#putBack(active.turn);
  }

  /** Turns any error into the end of the turn, so that no caller waits forever. */
  async #withSettledEnd(active: ActiveTurn, work: () => Promise<void>): Promise<void> {
    const { now, schedulerState, warn } = this.#deps;
    const { turn } = active;
    try {
      await work();
    } catch (error) {
      const known =
        error instanceof AppError ? error : new AppError('internal', 'The server failed to run the turn.');
      if (known !== error) warn(error, `turn ${turn.id} failed for a fault of the server`);
      const end = { kind: 'failure', code: known.code, detail: known.message, cost: null } as const;
      const turnEnd = resolveTurnEnd(turn, { end, stopTurn: null, text: '', at: now().toISOString() });
      if (!isEnded(turn)) await this.#finisher.settle(active, turnEnd, null);
    } finally {
      if (isEnded(turn)) this.#followed.delete(turn.id);
      schedulerState.active.delete(turn.id);
      if (!schedulerState.draining.has(turn.id)) active.lease?.release();
      this.#onChange();
    }
  }

  /** Chooses the session and marks the turn as running; requeues it if the disk or the machine refuses. */
  async #prepare(active: ActiveTurn): Promise<boolean> {
    const { mapping, now, undo } = this.#deps;
    const { turn } = active;
    try {
      const record = mapping.get(turn.conv_id) ?? newRecord(turn);
      const place = await this.#locate(active, record);
      active.spec = await this.#buildSpec(turn, place);
      await undo.before(turn.id, place.project);
      if (active.stop) {
        await this.#finisher.settle(active, stoppedEarly(active.stop, now()), null);
        return false;
      }
      this.#markStarted(turn, null);
      this.#recordSession(turn, record, place.project);
      return true;
    } catch (error) {
      const isDisk = error instanceof AppError && error.code === 'storage_unavailable';
      if (!isDisk && !isExhaustion(error)) throw error;
      await this.#requeue(
        active,
        isDisk ? error : new AppError('machine_exhausted', undefined, { cause: error }),
      );
      return false;
    }
  }

  /** Chooses the session of a turn and holds it. */
  async #locate(active: ActiveTurn, record: ConversationRecord): Promise<RunLocation> {
    const { budgets, leases, preparer } = this.#deps;
    const { turn } = active;
    // Before the first await: the next scheduling must see that this session is taken.
    turn.session_id = preparer.getSessionId(turn.conv_id, record);
    active.lease ??= leases.adopt(turn.session_id, 'turn');
    budgets.requireBudget(turn.conv_id);
    const place = await preparer.resolveLocation(turn.conv_id, record, turn.session_id);
    turn.session_id = place.sessionId;
    active.lease.rename(place.sessionId);
    if (place.lost) addWarning(active, 'session_restarted', ` The earlier session is ${place.lost}.`);
    return place;
  }

  #buildSpec(turn: Turn, place: RunLocation): Promise<RunSpec> {
    const isFollowed = this.#followed.has(turn.id) || this.#deps.journal.isFollowed(turn.conv_id);
    return this.#deps.preparer.buildRunSpec(turn, place, isFollowed);
  }

  /** The turn has its session on disk by now: after a crash, the mapping is restored from it. */
  #recordSession(turn: Turn, before: ConversationRecord, project: string): void {
    const { agent, mapping, records, schedulerState } = this.#deps;
    const current = mapping.get(turn.conv_id) ?? before;
    // A reset that came meanwhile applies to the next turn; this one stays in the previous session.
    const isReset = current.reset_at !== before.reset_at;
    const isMoved = current.session_id !== before.session_id && current.session_id !== null;
    const session_id = isReset || isMoved ? current.session_id : turn.session_id;
    if (session_id !== current.session_id || !current.project)
      records.saveLater(turn.conv_id, { ...current, session_id, project });
    const planned = schedulerState.plannedSessions.get(turn.conv_id);
    schedulerState.plannedSessions.delete(turn.conv_id);
    if (planned && planned !== turn.session_id) void agent.live.close(planned);
  }

  /** The turn has not begun: it waits at the front until the disk or the machine has room again. */
  async #requeue({ turn }: ActiveTurn, error: AppError): Promise<void> {
    const { waiters, warn } = this.#deps;
    warn(
      error,
      error.code === 'storage_unavailable' ? 'a turn waits for the disk' : 'a turn waits for the machine',
    );
    if (error.code === 'machine_exhausted') {
      const more = { turnId: turn.id, retryAfterS: 5 };
      waiters.rejectTurn(turn.id, new AppError('machine_exhausted', error.message, more));
    }
    this.#putBack(turn);
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = null;
      this.#onChange();
    }, retryDelayMs);
    // The turn stays active until the retry, or the scheduler would spin.
    await delay(retryDelayMs);
  }

  #putBack(turn: Turn): void {
    // On disk it may be marked as running; after a crash it would count as interrupted.
    if (turn.state !== 'queued') this.#deps.turns.requeue(turn.id, this.#deps.now().toISOString());
    Object.assign(turn, { state: 'queued', started_at: null, steers: null });
    this.#queue.addFirst(turn);
    this.#deps.records.announce(turn.conv_id);
  }

  #markStarted(turn: Turn, steers: string | null): void {
    const started = { session_id: turn.session_id, started_at: this.#deps.now().toISOString(), steers };
    this.#deps.turns.start(turn.id, started);
    Object.assign(turn, started, { state: 'running' });
  }

  async #steer(turn: Turn, to: ActiveTurn, steer: NonNullable<Run['steer']>, base: RunSpec): Promise<void> {
    const { mapping, now, preparer, records, schedulerState } = this.#deps;
    this.#queue.remove(turn.id);
    const active = createActiveTurn(turn);
    turn.session_id = to.turn.session_id;
    active.lease = to.lease?.share() ?? null;
    schedulerState.active.set(turn.id, active);
    await this.#withSettledEnd(active, async () => {
      const record = mapping.get(turn.conv_id) ?? newRecord(turn);
      const place = { record, sessionId: base.sessionId, project: base.project, lost: null };
      // In order, because preparing files takes different times.
      const spec = await this.#prepareInOrder(turn.conv_id, () => preparer.buildRunSpec(turn, place, true));
      active.spec = spec;
      if (active.stop) return this.#finisher.settle(active, stoppedEarly(active.stop, now()), null);
      this.#markStarted(turn, to.turn.id);
      records.announce(turn.conv_id);
      await this.#runToEnd(active, async (onOutput) => steer(spec, onOutput));
    });
  }
}
