import { createHash } from 'node:crypto';
import { maxMessageBytes } from '../../contract/limits.ts';
import type { Agent } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { MappingStore, StoredAttachment, Turn, TurnOptions, TurnStore } from '../store/port.ts';
import { truncateText } from '../transcript/truncate.ts';
import type { BudgetKeeper } from './budget.ts';
import type { ConversationRecords } from './records.ts';
import type { Scheduler } from './scheduler.ts';
import type { SchedulerState } from './state.ts';
import { shownAttachments } from './turn/result.ts';

/** A file that comes with a message. */
export type MessageFile = { name: string; media_type?: string | undefined; data: Buffer };

/** A message that is to become a turn. */
export type IncomingMessage = {
  convId: string;
  message: string;
  options: Omit<TurnOptions, 'attachments'>;
  files: readonly MessageFile[];
  session_id?: string | undefined;
  project?: string | undefined;
  idempotencyKey: string | null;
  /** The caller reads the turn's events. */
  follow: boolean;
};

/** What is to be changed of a message that waits. */
export type MessageChange = {
  message?: string | undefined;
  options: Omit<TurnOptions, 'attachments'>;
  files?: readonly MessageFile[] | undefined;
};

type MessageAcceptorDeps = {
  agent: Agent;
  records: ConversationRecords;
  scheduler: Scheduler;
  schedulerState: SchedulerState;
  mapping: MappingStore;
  turns: TurnStore;
  budgets: BudgetKeeper;
  keepFiles(id: string, files: readonly MessageFile[]): Promise<StoredAttachment[]>;
  /** Removes the files of a message that was not accepted. */
  removeFiles(id: string): Promise<void>;
  maxQueued: number;
  /** Messages for one conversation are accepted one after the other. */
  inTurn<T>(convId: string, work: () => Promise<T>): Promise<T>;
  isClosing(): boolean;
  now(): Date;
  newId(): string;
};

/** Accepts messages: when `accept` resolves, the turn is on disk and will run exactly once. */
export class MessageAcceptor {
  readonly #deps: MessageAcceptorDeps;

  constructor(deps: MessageAcceptorDeps) {
    this.#deps = deps;
  }

  accept(message: IncomingMessage): Promise<Turn> {
    return this.#deps.inTurn(message.convId, () => this.#acceptInTurn(message));
  }

  /** Changes a queued turn. Throws AppError `turn_not_queued` for any other. */
  change(turn: Turn, changes: MessageChange): Promise<Turn> {
    return this.#deps.inTurn(turn.conv_id, () => this.#changeInTurn(turn, changes));
  }

  /** Returns the turn as it is in the queue. Throws AppError `turn_not_queued` for any other. */
  requireQueued(turn: Turn): Turn {
    const queued = this.#deps.schedulerState.queue.find(({ id }) => id === turn.id);
    if (queued) return queued;
    throw new AppError('turn_not_queued', `Turn ${turn.id} is ${turn.state}.`, { turnId: turn.id });
  }

  async #acceptInTurn(message: IncomingMessage): Promise<Turn> {
    const { budgets, isClosing, newId, scheduler, turns } = this.#deps;
    if (isClosing()) throw new AppError('shutting_down');
    this.#checkMessage(message.message, message.options.literal ?? false);
    const print = fingerprint(message);
    // Before anything is made for it; a turn that is acknowledged again under its key must still be stored, too.
    turns.requireUsable();
    const existing = message.idempotencyKey === null ? null : turns.byKey(message.idempotencyKey, print);
    if (existing) return existing;
    this.#requireRoom();
    budgets.requireBudget(message.convId);
    const id = newId();
    const { turn, isNew } = await this.#withFiles(id, message.files, (attachments) =>
      this.#storeTurn(id, message, attachments, print),
    );
    if (isNew) {
      this.#reviveConversation(turn.conv_id);
      scheduler.enqueue(turn, message.follow);
    }
    return turn;
  }

  async #changeInTurn(turn: Turn, changes: MessageChange): Promise<Turn> {
    const { newId, now, turns } = this.#deps;
    const message = changes.message ?? this.requireQueued(turn).message;
    const entries = Object.entries(changes.options).filter(([, value]) => value !== undefined);
    this.#checkMessage(message, changes.options.literal ?? turn.options.literal ?? false);
    return this.#withFiles(`${turn.id}-${newId()}`, changes.files ?? [], (attachments) => {
      // It may have been started while its files were written.
      const queued = this.requireQueued(turn);
      const files = changes.files ? { attachments } : {};
      const options = { ...queued.options, ...Object.fromEntries(entries), ...files };
      const common = { conv_id: turn.conv_id, turn_id: turn.id, at: now().toISOString() };
      const shown = { message: truncateText(message, 2000).text, attachments: shownAttachments(options) };
      turns.change(turn.id, { message, options }, { type: 'turn.changed', ...common, ...shown });
      return Object.assign(queued, { message, options });
    });
  }

  #checkMessage(message: string, literal: boolean): void {
    if (Buffer.byteLength(message) > maxMessageBytes) {
      const detail = `message: has more than ${maxMessageBytes} bytes`;
      throw new AppError('message_too_large', detail, { field: 'message' });
    }
    this.#deps.agent.checkMessage(message, literal);
  }

  #requireRoom(): void {
    const { length } = this.#deps.schedulerState.queue;
    if (length < this.#deps.maxQueued) return;
    throw new AppError('queue_full', `${length} turns are waiting already.`, { retryAfterS: 10 });
  }

  /** A message takes its conversation out of the archive and resumes its queue. */
  #reviveConversation(convId: string): void {
    const record = this.#deps.mapping.get(convId);
    if (record?.archived || record?.queue_paused)
      this.#deps.records.saveLater(convId, { ...record, archived: false, queue_paused: false });
  }

  /** Stores the files of a message while `work` accepts it: a refused one must not leave them on the disk. */
  async #withFiles<T>(
    id: string,
    files: readonly MessageFile[],
    work: (stored: StoredAttachment[]) => T | Promise<T>,
  ): Promise<T> {
    const stored = await this.#deps.keepFiles(id, files);
    try {
      return await work(stored);
    } catch (error) {
      if (stored.length) await this.#deps.removeFiles(id);
      throw error;
    }
  }

  async #storeTurn(id: string, message: IncomingMessage, attachments: StoredAttachment[], print: string) {
    const { now, records, turns } = this.#deps;
    const { options, project, session_id } = message;
    await records.ensure(message.convId, { session_id, project });
    const turn = {
      id,
      conv_id: message.convId,
      message: message.message,
      options: { ...options, project, session_id, ...(attachments.length ? { attachments } : {}) },
      created_at: now().toISOString(),
    };
    return turns.accept(turn, message.idempotencyKey, print);
  }
}

/** What makes two requests with one Idempotency-Key the same: all that says what is to be done. */
function fingerprint({ convId, message, options, files, session_id, project }: IncomingMessage): string {
  const hash = createHash('sha256').update(JSON.stringify([convId, message, options, session_id, project]));
  for (const { name, media_type, data } of files)
    hash.update(JSON.stringify([name, media_type])).update(data);
  return hash.digest('base64url');
}
