import type { Agent, ProcessRecord, ProcessRegistry } from '../agent/port.ts';
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
import { MessageAcceptor, type MessageFile } from './accept-message.ts';
import { createAgentListener } from './agent-events.ts';
import { BudgetKeeper } from './budget.ts';
import { ChangeAnnouncer } from './change-announcer.ts';
import { LiveSessions } from './live-sessions.ts';
import { ConversationRecords } from './records.ts';
import { Scheduler } from './scheduler.ts';
import { followServerEvents } from './server-events.ts';
import { createActiveTurn, createSchedulerState } from './state.ts';
import { announceTerminalChanges } from './terminal-changes.ts';
import type { RunDefaults } from './turn/launch-options.ts';
import { TurnPreparer } from './turn/prepare.ts';
import { createTurnWaiters } from './turn/waiters.ts';
import { TurnCommands } from './turn-commands.ts';
import { ConversationViews } from './views.ts';

export type ConversationStores = {
  turns: TurnStore;
  journal: Journal;
  mapping: MappingStore;
  liveProcessStore: LiveStore;
  processRegistry: ProcessRegistry;
  /** The processes that an earlier server did not see the end of. */
  orphanedProcesses: readonly ProcessRecord[];
};

export type ConversationServices = {
  agent: Agent;
  leases: SessionLeases;
  events: ServerEventBus;
  prompts: Prompts;
  startTypedTurn: StartTypedTurn;
  /** Records the files of a project before and after a turn. */
  undo: Pick<Undo, 'before' | 'after'>;
  resolveProject(path: string): Promise<string>;
  checkArgs(args: readonly string[]): void;
  info(text: string): void;
  warn(error: unknown, text: string): void;
  now(): Date;
  newTurnId(): string;
  newConvId(): string;
  newSessionId(): string;
};

export type MessageFiles = {
  keepFiles(id: string, files: readonly MessageFile[]): Promise<StoredAttachment[]>;
  /** Removes the files of a message that was not accepted. */
  removeFiles(id: string): Promise<void>;
  /** Removes the files of turns that are gone. */
  sweepFiles(): void;
  placeFiles(id: string, files: readonly StoredAttachment[], project: string): Promise<string>;
};

export type ConversationSettings = {
  defaultProject: string;
  defaults: RunDefaults;
  /** The limit for all turns of a day, in USD; null if there is none. */
  dayBudget: number | null;
  /** Whether a cancel keeps the turns behind it from starting. */
  pauseOnCancel: boolean;
  maxRunning: number;
  maxQueued: number;
  /** The number of processes that may be starting at a time: each start takes a core. */
  maxStarting: number;
};

export type ConversationsDeps = {
  stores: ConversationStores;
  services: ConversationServices;
  files: MessageFiles;
  settings: ConversationSettings;
};

/** Builds the parts of this folder and connects them. */
export function createConversationParts({ stores, services, files, settings }: ConversationsDeps) {
  const deps = { ...stores, ...services, ...files, ...settings };
  const schedulerState = createSchedulerState();
  const lifecycle = { isClosing: false };
  const common = { ...deps, schedulerState, inTurn: createMutex(), waiters: createTurnWaiters() };
  const budgets = new BudgetKeeper({ ...deps, dayLimit: settings.dayBudget });
  const projectOf = (record: ConversationRecord) => record.project ?? settings.defaultProject;
  const views = new ConversationViews({ ...common, budgets, projectOf });
  const announcer = new ChangeAnnouncer({ ...deps, summarize: (id) => views.summarize(id) });
  const announce = (id: string) => announcer.announce(id);
  const onRemove = (id: string) => {
    services.prompts.rules.revokeOfConversation(id);
    files.sweepFiles();
  };
  const newId = services.newConvId;
  const records = new ConversationRecords({ ...common, budgets, onRemove, projectOf, announce, newId });
  const placeFiles = (turn: Turn, project: string) =>
    files.placeFiles(turn.id, turn.options.attachments ?? [], project);
  const preparer = new TurnPreparer({ ...common, records, budgets, placeFiles });
  const scheduler = new Scheduler({
    ...common,
    records,
    preparer,
    budgets,
    acquireStartSlot: createSemaphore(settings.maxStarting).acquire,
    timeoutS: settings.defaults.timeoutS,
  });
  const acceptor = new MessageAcceptor({
    ...common,
    records,
    scheduler,
    budgets,
    isClosing: () => lifecycle.isClosing,
    newId: services.newTurnId,
  });
  const turnCommands = new TurnCommands({ ...common, records, scheduler, acceptor });
  const liveSessions = new LiveSessions({ ...common, records, preparer, budgets });
  const leftovers = restoreTurns(stores.turns, schedulerState);
  services.agent.live.listen(createAgentListener({ ...deps, records, scheduler }));
  announceTerminalChanges({ ...deps, announce });
  followServerEvents({ ...deps, records });
  return {
    ...{ deps, schedulerState, lifecycle, budgets, projectOf, views, announcer, records, scheduler },
    ...{ acceptor, turnCommands, liveSessions, leftovers },
  };
}

/**
 * Loads the turns of an earlier server, so that from the first request on their conversations are busy and they can
 * be cancelled. Returns those that were running.
 */
function restoreTurns(turns: TurnStore, state: ReturnType<typeof createSchedulerState>): Turn[] {
  state.queue.push(...turns.inState('queued'));
  const leftovers = turns.inState('running');
  for (const turn of leftovers) state.active.set(turn.id, createActiveTurn(turn, true));
  return leftovers;
}

export type ConversationParts = ReturnType<typeof createConversationParts>;
