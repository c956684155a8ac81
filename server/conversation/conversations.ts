import type {
  BackgroundTask,
  Budget,
  ConversationSnapshot,
  ConversationSummary,
} from '../../contract/conversation.ts';
import type { HistoryMessage, HistoryPage } from '../../contract/message.ts';
import type { Prompt } from '../../contract/prompt.ts';
import type { TurnSummary } from '../../contract/turn.ts';
import type { Agent, ProcessRecord, ProcessRegistry } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { ServerEventBus } from '../events.ts';
import type { Prompts } from '../prompt/prompts.ts';
import type { SessionLeases } from '../session/lease.ts';
import type {
  ConversationRecord,
  Journal,
  LiveStore,
  MappingStore,
  StoredAttachment,
  Turn,
  TurnStore,
} from '../store/port.ts';
import type { StartTypedTurn } from '../terminal/turn-port.ts';
import type { Undo } from '../undo/port.ts';
import { createMutex } from '../util/mutex.ts';
import { createSemaphore } from '../util/semaphore.ts';
import {
  createMessageAcceptor,
  type IncomingMessage,
  type MessageChange,
  type MessageFile,
} from './accept-message.ts';
import { createAgentListener } from './agent-events.ts';
import { createBudget } from './budget.ts';
import { ChangeAnnouncer } from './change-announcer.ts';
import { forkConversation } from './fork.ts';
import { ConversationRecords } from './records.ts';
import { recoverTurns, restoreMapping } from './recovery.ts';
import { Scheduler } from './scheduler.ts';
import {
  createActiveTurn,
  createSchedulerState,
  findActiveTurn,
  listQueued,
  type SchedulerState,
  streamedText,
} from './state.ts';
import { announceTerminalChanges } from './terminal-changes.ts';
import { createTurnPreparer, type RunDefaults } from './turn/prepare.ts';
import { isEnded, toSummary } from './turn/result.ts';
import { createTurnWaiters } from './turn/waiters.ts';
import { ConversationViews } from './views.ts';

export { shuttingDownError } from './scheduler.ts';
export type { MessageFile };

export type ConversationsDeps = {
  agent: Agent;
  turns: TurnStore;
  journal: Journal;
  mapping: MappingStore;
  prompts: Prompts;
  processRegistry: ProcessRegistry;
  liveProcessStore: LiveStore;
  /** The processes that an earlier server did not see the end of. */
  orphanedProcesses: readonly ProcessRecord[];
  resolveProject(path: string): Promise<string>;
  checkArgs(args: readonly string[]): void;
  keepFiles(id: string, files: readonly MessageFile[]): Promise<StoredAttachment[]>;
  /** Removes the files of a message that was not accepted. */
  removeFiles(id: string): Promise<void>;
  /** Removes the files of turns that are gone. */
  sweepFiles(): void;
  placeFiles(id: string, files: readonly StoredAttachment[], project: string): Promise<string>;
  leases: SessionLeases;
  events: ServerEventBus;
  startTypedTurn: StartTypedTurn;
  /** Notes the files of its project before and after a turn. */
  undo: Pick<Undo, 'before' | 'after'>;
  defaultProject: string;
  defaults: RunDefaults;
  /** What all turns of a day may cost together, in USD. */
  dayBudget: number | null;
  /** Whether a cancel keeps what waits behind it from starting. */
  pauseOnCancel: boolean;
  maxRunning: number;
  maxQueued: number;
  /** How many processes may be in their start, which takes a core each, at a time. */
  maxStarting: number;
  info(text: string): void;
  warn(error: unknown, text: string): void;
  now(): Date;
  newTurnId(): string;
  newConvId(): string;
  newSessionId(): string;
};

/** How long a process that has answered may take to leave before another one is started in its place. */
const exitTimeoutMs = 3000;

/** A conversation as its session's row needs it. */
export type SessionConversation = {
  id: string;
  title: string | null;
  state: 'idle' | 'running' | 'waiting';
  lastMessageAt: string;
};

/** Public API of this folder; HTTP handlers import nothing else. What names a conversation throws `conversation_not_found`. */
export interface Conversations {
  getRecord(id: string): ConversationRecord;
  /** Newest first. */
  list(query: { q?: string | undefined; archived?: boolean | undefined }): ConversationSummary[];
  /** As of the newest event. */
  getSnapshot(id: string): ConversationSnapshot;
  projectOf(id: string): string;
  /** Background work with the last lines of its output. */
  readBackground(snapshot: ConversationSnapshot): Promise<BackgroundTask[]>;
  readHistory(id: string, page: { limit: number; before?: string | undefined }): Promise<HistoryPage>;
  readWholeHistory(id: string): AsyncIterable<HistoryMessage>;
  createId(): string;
  create: ConversationRecords['create'];
  /** A conversation with a session that was just made for it. */
  adopt: ConversationRecords['adopt'];
  change: ConversationRecords['change'];
  remove(id: string): Promise<void>;
  /** The next message begins a new session. */
  reset(id: string): Promise<void>;
  /** Publishes a change of a conversation to the readers of events. */
  announce(id: string): void;
  acceptMessage(message: IncomingMessage): Promise<Turn>;
  /** Resolves with the turn when it ended, or (with `orWaiting`) when it waits for a person; never after `signal`. */
  waitForEnd(turnId: string, signal?: AbortSignal, orWaiting?: boolean): Promise<Turn>;
  /** Throws AppError `turn_not_found`. */
  getTurn(id: string): TurnSummary & { prompts: Prompt[] };
  cancelTurn(id: string): Promise<TurnSummary>;
  /** Changes, removes or puts first a turn that waits. Throw AppError `turn_not_queued` for any other. */
  changeTurn(id: string, changes: MessageChange): Promise<TurnSummary>;
  removeTurn(id: string): Promise<TurnSummary>;
  promoteTurn(id: string): TurnSummary;
  /** Starts the live process of a conversation. False where none can be kept now. */
  warmUp(id: string): Promise<boolean>;
  fork(id: string, to: { id: string | undefined; atTurn: string | undefined }): Promise<string>;
  stopBackground(id: string, taskId: string): Promise<BackgroundTask[]>;
  /** Throws AppError `conversation_busy` while a turn of it runs. */
  requireIdle(id: string): void;
  /** The conversation that goes on with each session; of several the one that was used last. */
  mapBySession(): ReadonlyMap<string, SessionConversation>;
  getStats(): { running: number; waiting: number; queued: number };
  getDayBudget(): Budget | null;
  /** A conversation's settings were changed: what runs now is told of those that are named. */
  onSettingsChanged(id: string, changed: readonly string[]): Promise<void>;
  /** Brings back conversations that the mapping has lost. To be called before the first request. */
  restore(): Promise<void>;
  /** Settles what an earlier process left behind, then lets turns run. */
  open(): Promise<void>;
  /** Takes no more messages and starts no more turns; to be called before the first wait of an end. */
  beginClose(): void;
  /** Takes no more messages, gives running turns `graceMs` (or until `hurry`), then stops them. */
  close(graceMs: number, hurry?: AbortSignal): Promise<void>;
}

export function createConversations(deps: ConversationsDeps): Conversations {
  const { agent, leases, mapping, turns, prompts } = deps;
  const schedulerState: SchedulerState = createSchedulerState();
  let isClosing = false;
  const inTurn = createMutex();
  const waiters = createTurnWaiters();
  const budgets = createBudget({ ...deps, dayLimit: deps.dayBudget });
  const onRemove = (id: string) => {
    prompts.forget(id);
    deps.sweepFiles();
  };
  const projectOf = (record: ConversationRecord) => record.project ?? deps.defaultProject;
  const views = new ConversationViews({ ...deps, schedulerState, budgets, projectOf });
  const announcer = new ChangeAnnouncer({ ...deps, summarize: (id) => views.summarize(id) });
  const announce = (id: string) => announcer.announce(id);
  const records = new ConversationRecords({
    ...deps,
    schedulerState,
    budgets,
    inTurn,
    onRemove,
    projectOf,
    announce,
    newId: deps.newConvId,
  });
  const placeFiles = (turn: Turn, project: string) =>
    deps.placeFiles(turn.id, turn.options.attachments ?? [], project);
  const preparer = createTurnPreparer({ ...deps, schedulerState, records, budgets, placeFiles });
  const startSlots = createSemaphore(deps.maxStarting);
  const scheduler = new Scheduler({
    ...deps,
    schedulerState,
    records,
    preparer,
    budgets,
    waiters,
    acquireStartSlot: startSlots.acquire,
    timeoutS: deps.defaults.timeoutS,
  });
  const acceptor = createMessageAcceptor({
    ...deps,
    schedulerState,
    records,
    scheduler,
    budgets,
    inTurn,
    isClosing: () => isClosing,
    newId: deps.newTurnId,
  });
  agent.live.listen(createAgentListener({ ...deps, records, scheduler }));

  announceTerminalChanges({ leases, mapping, announce });
  deps.events.on('session.cleared', (from, to) => {
    const all = [...mapping.all()];
    if (all.some(([, { session_id }]) => session_id === to)) return;
    // Its turn may end before it sees this: the session that is noted here stays.
    for (const [id, record] of all)
      if (record.session_id === from) records.saveLater(id, { ...record, session_id: to });
  });
  deps.events.on('plan.accepted', (id, mode) => {
    const record = mapping.get(id);
    if (record?.permission_mode === 'plan') records.saveLater(id, { ...record, permission_mode: mode });
  });

  // What is left from before is there from the first request on: its conversations are busy, its turns can be cancelled.
  schedulerState.queue.push(...turns.inState('queued'));
  const waiting = turns.inState('waiting').map((turn): Turn => ({ ...turn, state: 'running' }));
  // Nobody can answer them any more: they wait for nothing but their end.
  const leftovers = [...turns.inState('running'), ...waiting];
  for (const turn of leftovers) schedulerState.active.set(turn.id, createActiveTurn(turn, true));

  function getSnapshot(id: string): ConversationSnapshot {
    announcer.publishPending();
    return views.getSnapshot(id);
  }

  function requireTurn(id: string): Turn {
    const turn = schedulerState.active.get(id)?.turn ?? turns.get(id);
    if (!turn)
      throw new AppError('turn_not_found', `There is no turn ${JSON.stringify(id)}.`, { field: 'id' });
    return turn;
  }

  function summaryOf(turn: Turn): TurnSummary {
    const active = schedulerState.active.get(turn.id);
    return active && !isEnded(turn) ? toSummary(turn, streamedText(active)) : toSummary(turn);
  }

  async function cancelTurn(id: string): Promise<TurnSummary> {
    const turn = requireTurn(id);
    const isRunning = schedulerState.active.has(id);
    if (isRunning && deps.pauseOnCancel && listQueued(schedulerState, turn.conv_id).length) {
      const record = mapping.get(turn.conv_id);
      if (record) records.saveLater(turn.conv_id, { ...record, queue_paused: true });
    }
    return summaryOf(await scheduler.cancel(turn));
  }

  const hasActiveTurn = (sessionId: string) =>
    [...schedulerState.active.values()].some(({ turn }) => turn.session_id === sessionId);

  async function warmUp(id: string): Promise<boolean> {
    const record = records.require(id);
    if (record.session_id && leases.isForTerminal(record.session_id)) return false;
    if (isClosing) throw new AppError('shutting_down');
    const sessionId = preparer.getSessionId(id, record);
    const isFree = () => leases.isFree(sessionId, 'live') || agent.live.isOpen(sessionId);
    // The process of a turn that has ended may be about to exit.
    if (!hasActiveTurn(sessionId)) await leases.waitUntil(isFree, AbortSignal.timeout(exitTimeoutMs));
    if (!isFree()) return false;
    const place = await preparer.resolveLocation(id, records.require(id), sessionId);
    try {
      await agent.live.warm(preparer.toLaunchOptions(place, null));
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError('agent_failed', `claude did not start: ${(error as Error).message}`, {
        cause: error,
      });
    }
    return agent.live.isOpen(place.sessionId);
  }

  /** The live processes of an earlier server are gone, and what they ran in the background. */
  function reportLostTasks(): void {
    const at = deps.now().toISOString();
    for (const { conv_id, tasks } of deps.liveProcessStore.left()) {
      deps.liveProcessStore.set(conv_id, null);
      if (!mapping.get(conv_id)) continue;
      const summary = 'The server stopped.';
      deps.journal.append(
        tasks.map((task) => ({ type: 'background.ended', conv_id, at, task, status: 'killed', summary })),
      );
      records.announce(conv_id);
    }
  }

  return {
    getRecord: (id) => records.require(id),
    list: (query) => views.list(query),
    getSnapshot,
    projectOf: (id) => projectOf(records.require(id)),
    readBackground: (snapshot) => views.readBackground(snapshot),
    readHistory: (id, page) => views.readHistory(id, page),
    readWholeHistory: (id) => views.readWholeHistory(id),
    createId: deps.newConvId,
    create: (id, options) => records.create(id, options),
    adopt: (id, options) => records.adopt(id, options),
    change: (id, changes) => records.change(id, changes),
    remove: (id) => records.remove(id),
    reset: (id) => records.reset(id),
    announce,
    acceptMessage: acceptor.accept,
    async waitForEnd(id, signal, orWaiting = false) {
      const turn = requireTurn(id);
      if (isEnded(turn) || (orWaiting && turn.state === 'waiting')) return turn;
      return waiters.waitForEnd(id, signal, orWaiting);
    },
    getTurn: (id) => ({ ...summaryOf(requireTurn(id)), prompts: prompts.of(id) }),
    cancelTurn,
    changeTurn: async (id, changes) => summaryOf(await acceptor.change(requireTurn(id), changes)),
    async removeTurn(id) {
      const turn = requireTurn(id);
      if (turn.state === 'cancelled') return summaryOf(turn);
      return cancelTurn(acceptor.requireQueued(turn).id);
    },
    promoteTurn(id) {
      const turn = acceptor.requireQueued(requireTurn(id));
      scheduler.promote(turn);
      return summaryOf(turn);
    },
    warmUp,
    fork: (id, to) =>
      forkConversation(id, to, {
        ...deps,
        records,
        requireTurn,
        runningSince: (conv) => findActiveTurn(schedulerState, conv)?.turn.started_at ?? null,
      }),
    async stopBackground(id, taskId) {
      const { session_id } = records.require(id);
      if (!session_id || !(await agent.live.stopTask(session_id, taskId))) {
        throw new AppError(
          'task_not_found',
          `Conversation ${id} runs no background work ${JSON.stringify(taskId)}.`,
          { field: 'task' },
        );
      }
      return getSnapshot(id).background;
    },
    requireIdle(id) {
      if (findActiveTurn(schedulerState, id))
        throw new AppError('conversation_busy', `A turn of conversation ${id} runs now.`);
    },
    mapBySession() {
      const found = new Map<string, SessionConversation>();
      for (const [id, { session_id, title, last_message_at }] of mapping.all()) {
        const lastMessageAt = last_message_at ?? '';
        if (!session_id || (found.get(session_id)?.lastMessageAt ?? '') > lastMessageAt) continue;
        const turn = findActiveTurn(schedulerState, id)?.turn;
        found.set(session_id, {
          id,
          title: title ?? null,
          state: turn ? (turn.state === 'waiting' ? 'waiting' : 'running') : 'idle',
          lastMessageAt,
        });
      }
      return found;
    },
    getStats() {
      const waiting = [...schedulerState.active.values()].filter(
        ({ turn }) => turn.state === 'waiting',
      ).length;
      return { running: schedulerState.active.size, waiting, queued: schedulerState.queue.length };
    },
    getDayBudget: budgets.day,
    async onSettingsChanged(id, changed) {
      const record = records.require(id);
      const sessionId = record.session_id ?? schedulerState.plannedSessions.get(id);
      const active = sessionId
        ? [...schedulerState.active.values()].find(({ turn }) => turn.session_id === sessionId)
        : undefined;
      // A turn of another conversation in this session, and what a turn itself was asked to run with, is not touched.
      const isOurs = !active || active.turn.conv_id === id;
      const settings = isOurs ? preparer.changedSettings(record, changed, active?.turn.options ?? {}) : {};
      // What a running process refuses holds from its next start on.
      if (sessionId && Object.keys(settings).length)
        await agent.live.adjust(sessionId, settings).catch(() => {});
      prompts.allowWhere((prompt) => {
        const spent = Number(prompt.input['spent_usd']);
        return (
          prompt.kind === 'budget' &&
          prompt.conv_id === id &&
          spent < budgets.remaining(prompt.turn_id, id, spent)
        );
      });
      scheduler.schedule();
    },
    restore: () => restoreMapping(deps),
    async open() {
      await recoverTurns({
        ...deps,
        leftovers,
        processes: deps.orphanedProcesses,
        closePrompts: prompts.closeLeft,
        projectOf,
        onEnd: (turn) => scheduler.onLeftoverSettled(turn),
      });
      reportLostTasks();
      scheduler.open();
    },
    beginClose() {
      isClosing = true;
      scheduler.beginClose();
    },
    async close(graceMs, hurry) {
      await scheduler.close(graceMs, hurry);
      prompts.dispose();
    },
  };
}
