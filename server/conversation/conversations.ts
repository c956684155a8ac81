import type {
  BackgroundTask,
  Budget,
  ConversationSnapshot,
  ConversationSummary,
} from '../../contract/conversation.ts';
import type { HistoryMessage, HistoryPage } from '../../contract/message.ts';
import type { Prompt } from '../../contract/prompt.ts';
import type { TurnSummary } from '../../contract/turn.ts';
import { AppError } from '../app-error.ts';
import type { ConversationRecord, Turn } from '../store/port.ts';
import type { IncomingMessage, MessageChange, MessageFile } from './accept-message.ts';
import { forkConversation } from './fork.ts';
import { type ConversationParts, type ConversationsDeps, createConversationParts } from './parts.ts';
import type { ConversationRecords } from './records.ts';
import { recoverTurns, restoreMapping } from './recovery.ts';
import { findActiveTurn } from './state.ts';
import type { SessionConversation } from './views.ts';

export { shuttingDownError } from './scheduler.ts';
export type { MessageFile };

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
  /** The conversation of each session; if several continue one, the one that was used last. */
  mapBySession(): ReadonlyMap<string, SessionConversation>;
  getStats(): { running: number; waiting: number; queued: number };
  getDayBudget(): Budget | null;
  /** Applies changed settings of a conversation to what runs now. */
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
  return new ConversationService(createConversationParts(deps));
}

class ConversationService implements Conversations {
  readonly #parts: ConversationParts;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
  }

  getRecord(id: string): ConversationRecord {
    return this.#parts.records.require(id);
  }

  list(query: { q?: string | undefined; archived?: boolean | undefined }): ConversationSummary[] {
    return this.#parts.views.list(query);
  }

  getSnapshot(id: string): ConversationSnapshot {
    this.#parts.announcer.publishPending();
    return this.#parts.views.getSnapshot(id);
  }

  projectOf(id: string): string {
    return this.#parts.projectOf(this.getRecord(id));
  }

  readBackground(snapshot: ConversationSnapshot): Promise<BackgroundTask[]> {
    return this.#parts.views.readBackground(snapshot);
  }

  readHistory(id: string, page: { limit: number; before?: string | undefined }): Promise<HistoryPage> {
    return this.#parts.views.readHistory(id, page);
  }

  readWholeHistory(id: string): AsyncIterable<HistoryMessage> {
    return this.#parts.views.readWholeHistory(id);
  }

  createId(): string {
    return this.#parts.records.createId();
  }

  create(...args: Parameters<ConversationRecords['create']>): Promise<void> {
    return this.#parts.records.create(...args);
  }

  adopt(...args: Parameters<ConversationRecords['adopt']>): Promise<void> {
    return this.#parts.records.adopt(...args);
  }

  change(...args: Parameters<ConversationRecords['change']>): Promise<void> {
    return this.#parts.records.change(...args);
  }

  remove(id: string): Promise<void> {
    return this.#parts.records.remove(id);
  }

  reset(id: string): Promise<void> {
    return this.#parts.records.reset(id);
  }

  announce(id: string): void {
    this.#parts.announcer.announce(id);
  }

  acceptMessage(message: IncomingMessage): Promise<Turn> {
    return this.#parts.acceptor.accept(message);
  }

  waitForEnd(turnId: string, signal?: AbortSignal, orWaiting?: boolean): Promise<Turn> {
    return this.#parts.turnCommands.waitForEnd(turnId, signal, orWaiting);
  }

  getTurn(id: string): TurnSummary & { prompts: Prompt[] } {
    return this.#parts.turnCommands.get(id);
  }

  cancelTurn(id: string): Promise<TurnSummary> {
    return this.#parts.turnCommands.cancel(id);
  }

  changeTurn(id: string, changes: MessageChange): Promise<TurnSummary> {
    return this.#parts.turnCommands.change(id, changes);
  }

  removeTurn(id: string): Promise<TurnSummary> {
    return this.#parts.turnCommands.remove(id);
  }

  promoteTurn(id: string): TurnSummary {
    return this.#parts.turnCommands.promote(id);
  }

  async warmUp(id: string): Promise<boolean> {
    this.getRecord(id);
    if (this.#parts.lifecycle.isClosing) throw new AppError('shutting_down');
    return this.#parts.liveSessions.warmUp(id);
  }

  fork(id: string, to: { id: string | undefined; atTurn: string | undefined }): Promise<string> {
    const { deps, records, schedulerState, turnCommands } = this.#parts;
    return forkConversation(id, to, {
      ...deps,
      records,
      requireTurn: (turnId) => turnCommands.require(turnId),
      runningSince: (convId) => findActiveTurn(schedulerState, convId)?.turn.started_at ?? null,
    });
  }

  async stopBackground(id: string, taskId: string): Promise<BackgroundTask[]> {
    await this.#parts.liveSessions.stopBackground(id, taskId);
    return this.getSnapshot(id).background;
  }

  requireIdle(id: string): void {
    if (findActiveTurn(this.#parts.schedulerState, id))
      throw new AppError('conversation_busy', `A turn of conversation ${id} runs now.`);
  }

  mapBySession(): ReadonlyMap<string, SessionConversation> {
    return this.#parts.views.mapBySession();
  }

  getStats(): { running: number; waiting: number; queued: number } {
    return this.#parts.views.getStats();
  }

  getDayBudget(): Budget | null {
    return this.#parts.budgets.day();
  }

  async onSettingsChanged(id: string, changed: readonly string[]): Promise<void> {
    await this.#parts.liveSessions.applySettings(id, changed);
    this.#parts.scheduler.schedule();
  }

  restore(): Promise<void> {
    return restoreMapping(this.#parts.deps);
  }

  async open(): Promise<void> {
    const { deps, leftovers, liveSessions, projectOf, scheduler } = this.#parts;
    await recoverTurns({
      ...deps,
      leftovers,
      processes: deps.orphanedProcesses,
      closePrompts: () => deps.prompts.closeLeftovers(),
      projectOf,
      onEnd: (turn) => scheduler.onLeftoverSettled(turn),
    });
    liveSessions.reportLostTasks();
    scheduler.open();
  }

  beginClose(): void {
    this.#parts.lifecycle.isClosing = true;
    this.#parts.scheduler.beginClose();
  }

  async close(graceMs: number, hurry?: AbortSignal): Promise<void> {
    await this.#parts.scheduler.close(graceMs, hurry);
    this.#parts.deps.prompts.dispose();
  }
}
