import { setTimeout as delay } from 'node:timers/promises';
import type { BackgroundTask, Budget } from '../../contract/conversation.ts';
import type { Prompt } from '../../contract/prompt.ts';
import type { TurnSummary } from '../../contract/turn.ts';
import type { Agent, ProcessNote, ProcessNotes } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { Prompts } from '../prompt/prompts.ts';
import type { Journal, LiveStore, MappingStore, StoredAttachment, Turn, TurnStore } from '../store/port.ts';
import type { Desk } from '../terminal/turn-port.ts';
import type { Undo } from '../undo/port.ts';
import { createMutex } from '../util/mutex.ts';
import { createSlots } from '../util/semaphore.ts';
import { createIntake, type Message, type MessageChange, type MessageFile } from './accept-message.ts';
import { createLiveListener } from './agent-events.ts';
import { createSpending } from './budget.ts';
import { forkConversation } from './fork.ts';
import { type Book, createBook } from './records.ts';
import { recover, restoreMapping } from './recovery.ts';
import { createDispatcher } from './scheduler.ts';
import { activeOf, createActive, createLanes, type Lanes, liveText, queuedOf } from './state.ts';
import { createStarter, type RunDefaults } from './turn/prepare.ts';
import { isEnded, toSummary } from './turn/result.ts';
import { createEndings } from './turn/waiters.ts';

export { keptForLater } from './scheduler.ts';
export type { MessageFile };

export type ConversationsDeps = {
  agent: Agent;
  turns: TurnStore;
  journal: Journal;
  mapping: MappingStore;
  prompts: Prompts;
  notes: ProcessNotes;
  lives: LiveStore;
  /** The processes that an earlier server did not see the end of. */
  leftProcesses: readonly ProcessNote[];
  resolveProject(path: string): Promise<string>;
  checkArgs(args: readonly string[]): void;
  keepFiles(id: string, files: readonly MessageFile[]): Promise<StoredAttachment[]>;
  /** Removes the files of turns that are gone. */
  sweepFiles(): void;
  placeFiles(id: string, files: readonly StoredAttachment[], project: string): Promise<string>;
  desk: Desk;
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
const leaveMs = 3000;

/** A conversation as its session's row needs it. */
export type OfSession = { id: string; title: string | null; state: 'idle' | 'running' | 'waiting'; lastMessageAt: string };

/** The door to conversations and their turns; what speaks HTTP uses nothing else of this folder. */
export interface Conversations {
  book: Book;
  accept(message: Message): Promise<Turn>;
  /** Resolves with the turn when it ended, or (with `orNews`) when it waits for a person; never after `signal`. */
  ended(turnId: string, signal?: AbortSignal, orNews?: boolean): Promise<Turn>;
  /** Throws AppError `turn_not_found`. */
  turn(id: string): TurnSummary & { prompts: Prompt[] };
  cancel(id: string): Promise<TurnSummary>;
  /** Changes, removes or puts first a turn that waits. Throw AppError `turn_not_queued` for any other. */
  change(id: string, changes: MessageChange): Promise<TurnSummary>;
  remove(id: string): Promise<TurnSummary>;
  promote(id: string): TurnSummary;
  /** Starts the live process of a conversation. False where none can be kept now. */
  warm(id: string): Promise<boolean>;
  fork(id: string, to: { id: string | undefined; atTurn: string | undefined }): Promise<string>;
  stopBackground(id: string, taskId: string): Promise<BackgroundTask[]>;
  /** Throws AppError `conversation_busy` while a turn of it runs. */
  checkIdle(id: string): void;
  /** The conversation that goes on with each session; of several the one that was used last. */
  bySession(): ReadonlyMap<string, OfSession>;
  /** Resolves when no process is on its way out of a session, or after a bounded time. */
  left(sessionId: string): Promise<void>;
  /** A session was opened in a terminal, or is no longer. */
  deskChanged(sessionId: string): void;
  /** /clear in a terminal began another session: its conversation follows it, as it does a /clear of its own. */
  deskMoved(from: string, to: string): void;
  counts(): { running: number; waiting: number; queued: number };
  dayBudget(): Budget | null;
  /** A conversation's settings were changed: what runs now is told of those that are named. */
  changed(id: string, changed: readonly string[]): Promise<void>;
  planAccepted(id: string, mode: string): void;
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
  const { agent, mapping, turns, prompts } = deps;
  const lanes: Lanes = createLanes();
  let isClosing = false;
  const inTurn = createMutex();
  const endings = createEndings();
  const spending = createSpending({ ...deps, dayLimit: deps.dayBudget });
  const onRemove = (id: string) => {
    prompts.forget(id);
    deps.sweepFiles();
  };
  const book: Book = createBook({ ...deps, lanes, spending, inTurn, onRemove, newId: deps.newConvId });
  const placeFiles = (turn: Turn, project: string) => deps.placeFiles(turn.id, turn.options.attachments ?? [], project);
  const starter = createStarter({ ...deps, lanes, book, spending, placeFiles });
  const slots = createSlots(deps.maxStarting);
  const dispatcher = createDispatcher({
    ...deps,
    lanes,
    book,
    starter,
    spending,
    endings,
    takeStartSlot: slots.take,
    timeoutS: deps.defaults.timeoutS,
  });
  const intake = createIntake({ ...deps, lanes, book, dispatcher, spending, inTurn, isClosing: () => isClosing, newId: deps.newTurnId });
  agent.live.listen(createLiveListener({ ...deps, book, dispatcher }));

  // What is left from before is there from the first request on: its conversations are busy, its turns can be cancelled.
  lanes.queue.push(...turns.inState('queued'));
  const waiting = turns.inState('waiting').map((turn): Turn => ({ ...turn, state: 'running' }));
  // Nobody can answer them any more: they wait for nothing but their end.
  const leftovers = [...turns.inState('running'), ...waiting];
  for (const turn of leftovers) lanes.active.set(turn.id, createActive(turn, true));

  function need(id: string): Turn {
    const turn = lanes.active.get(id)?.turn ?? turns.get(id);
    if (!turn) throw new AppError('turn_not_found', `There is no turn ${JSON.stringify(id)}.`, { field: 'id' });
    return turn;
  }

  function summaryOf(turn: Turn): TurnSummary {
    const active = lanes.active.get(turn.id);
    return active && !isEnded(turn) ? toSummary(turn, liveText(active)) : toSummary(turn);
  }

  async function cancel(id: string): Promise<TurnSummary> {
    const turn = need(id);
    const isRunning = lanes.active.has(id);
    if (isRunning && deps.pauseOnCancel && queuedOf(lanes, turn.conv_id).length) {
      const record = mapping.get(turn.conv_id);
      if (record) book.saveLater(turn.conv_id, { ...record, queue_paused: true });
    }
    return summaryOf(await dispatcher.cancel(turn));
  }

  async function left(sessionId: string): Promise<void> {
    const leaving = [...lanes.lingering.values()].filter((held) => held.sessionId === sessionId);
    if (leaving.length) await Promise.race([Promise.all(leaving.map(({ run }) => run.exited)), delay(leaveMs, undefined, { ref: false })]);
  }

  async function warm(id: string): Promise<boolean> {
    const record = book.need(id);
    if (deps.desk.isOpen(record.session_id)) return false;
    if (isClosing) throw new AppError('shutting_down');
    const sessionId = starter.sessionOf(id, record);
    await left(sessionId);
    const isTaken = activeOf(lanes, id) !== null || [...lanes.lingering.values()].some((held) => held.sessionId === sessionId);
    if (isTaken && !agent.live.isOpen(sessionId)) return false;
    const place = await starter.place(id, book.need(id), sessionId);
    try {
      await agent.live.warm(starter.toLaunch(place, null));
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError('agent_failed', `claude did not start: ${(error as Error).message}`, { cause: error });
    }
    return agent.live.isOpen(place.sessionId);
  }

  /** The live processes of an earlier server are gone, and what they ran in the background. */
  function tellLost(): void {
    const at = deps.now().toISOString();
    for (const { conv_id, tasks } of deps.lives.left()) {
      deps.lives.set(conv_id, null);
      if (!mapping.get(conv_id)) continue;
      const summary = 'The server stopped.';
      deps.journal.append(tasks.map((task) => ({ type: 'background.ended', conv_id, at, task, status: 'killed', summary })));
      book.announce(conv_id);
    }
  }

  return {
    book,
    accept: intake.accept,
    async ended(id, signal, orNews = false) {
      const turn = need(id);
      if (isEnded(turn) || (orNews && turn.state === 'waiting')) return turn;
      return endings.of(id, signal, orNews);
    },
    turn: (id) => ({ ...summaryOf(need(id)), prompts: prompts.of(id) }),
    cancel,
    change: async (id, changes) => summaryOf(await intake.change(need(id), changes)),
    async remove(id) {
      const turn = need(id);
      if (turn.state === 'cancelled') return summaryOf(turn);
      return cancel(intake.needQueued(turn).id);
    },
    promote(id) {
      const turn = intake.needQueued(need(id));
      dispatcher.toFront(turn);
      return summaryOf(turn);
    },
    warm,
    fork: (id, to) =>
      forkConversation(id, to, { ...deps, book, needTurn: need, runningSince: (conv) => activeOf(lanes, conv)?.turn.started_at ?? null }),
    async stopBackground(id, taskId) {
      const { session_id } = book.need(id);
      if (!session_id || !(await agent.live.stopTask(session_id, taskId))) {
        throw new AppError('task_not_found', `Conversation ${id} runs no background work ${JSON.stringify(taskId)}.`, { field: 'task' });
      }
      return book.snapshot(id).background;
    },
    checkIdle(id) {
      if (activeOf(lanes, id)) throw new AppError('conversation_busy', `A turn of conversation ${id} runs now.`);
    },
    bySession() {
      const found = new Map<string, OfSession>();
      for (const [id, { session_id, title, last_message_at }] of mapping.all()) {
        const lastMessageAt = last_message_at ?? '';
        if (!session_id || (found.get(session_id)?.lastMessageAt ?? '') > lastMessageAt) continue;
        const turn = activeOf(lanes, id)?.turn;
        found.set(session_id, { id, title: title ?? null, state: turn ? (turn.state === 'waiting' ? 'waiting' : 'running') : 'idle', lastMessageAt });
      }
      return found;
    },
    left,
    deskChanged(sessionId) {
      for (const [id, { session_id }] of mapping.all()) if (session_id === sessionId) book.announce(id);
      dispatcher.pump();
    },
    deskMoved(from, to) {
      const all = [...mapping.all()];
      if (all.some(([, { session_id }]) => session_id === to)) return;
      // Its turn may end before it sees this: what is noted here stays.
      for (const [id, record] of all) if (record.session_id === from) book.saveLater(id, { ...record, session_id: to });
    },
    counts() {
      const waiting = [...lanes.active.values()].filter(({ turn }) => turn.state === 'waiting').length;
      return { running: lanes.active.size, waiting, queued: lanes.queue.length };
    },
    dayBudget: spending.day,
    async changed(id, changed) {
      const record = book.need(id);
      const sessionId = record.session_id ?? lanes.reserved.get(id);
      const active = sessionId ? [...lanes.active.values()].find(({ turn }) => turn.session_id === sessionId) : undefined;
      // A turn of another conversation in this session, and what a turn itself was asked to run with, is not touched.
      const isOurs = !active || active.turn.conv_id === id;
      const settings = isOurs ? starter.changedSettings(record, changed, active?.turn.options ?? {}) : {};
      // What a running process refuses holds from its next start on.
      if (sessionId && Object.keys(settings).length) await agent.live.adjust(sessionId, settings).catch(() => {});
      prompts.allowWhere((prompt) => {
        const spent = Number(prompt.input['spent_usd']);
        return prompt.kind === 'budget' && prompt.conv_id === id && spent < spending.left(prompt.turn_id, id, spent);
      });
      dispatcher.pump();
    },
    planAccepted(id, mode) {
      const record = mapping.get(id);
      if (record?.permission_mode === 'plan') book.saveLater(id, { ...record, permission_mode: mode });
    },
    restore: () => restoreMapping(deps),
    async open() {
      await recover({
        ...deps,
        leftovers,
        processes: deps.leftProcesses,
        closePrompts: prompts.closeLeft,
        projectOf: book.projectOf,
        onEnd: dispatcher.leftoverEnded,
      });
      tellLost();
      dispatcher.open();
    },
    beginClose() {
      isClosing = true;
      dispatcher.beginClose();
    },
    async close(graceMs, hurry) {
      await dispatcher.close(graceMs, hurry);
      prompts.dispose();
    },
  };
}
