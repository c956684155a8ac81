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

/** Accepts messages: when `accept` resolves the turn is on disk, and it will run once whatever happens. */
export function createMessageAcceptor(deps: {
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
  /** Messages for one conversation come in one after the other. */
  inTurn<T>(convId: string, work: () => Promise<T>): Promise<T>;
  isClosing(): boolean;
  now(): Date;
  newId(): string;
}) {
  const { turns, schedulerState, records, mapping } = deps;

  function checkMessage(message: string, literal: boolean): void {
    if (Buffer.byteLength(message) > maxMessageBytes) {
      throw new AppError('message_too_large', `message: has more than ${maxMessageBytes} bytes`, {
        field: 'message',
      });
    }
    deps.agent.checkMessage(message, literal);
  }

  /** A message brings its conversation back from the archive and resumes its queue. */
  function reviveConversation(convId: string): void {
    const record = mapping.get(convId);
    if (record?.archived || record?.queue_paused)
      records.saveLater(convId, { ...record, archived: false, queue_paused: false });
  }

  /** Keeps the files of a message while `work` accepts it: a refused one must not leave them on the disk. */
  async function withFiles<T>(
    id: string,
    files: readonly MessageFile[],
    work: (kept: StoredAttachment[]) => T | Promise<T>,
  ): Promise<T> {
    const kept = await deps.keepFiles(id, files);
    try {
      return await work(kept);
    } catch (error) {
      if (kept.length) await deps.removeFiles(id);
      throw error;
    }
  }

  async function storeTurn(
    id: string,
    message: IncomingMessage,
    attachments: StoredAttachment[],
    print: string,
  ) {
    await records.ensure(message.convId, { session_id: message.session_id, project: message.project });
    const { options, project, session_id } = message;
    return turns.accept(
      {
        id,
        conv_id: message.convId,
        message: message.message,
        options: { ...options, project, session_id, ...(attachments.length ? { attachments } : {}) },
        created_at: deps.now().toISOString(),
      },
      message.idempotencyKey,
      print,
    );
  }

  async function acceptInTurn(message: IncomingMessage): Promise<Turn> {
    if (deps.isClosing()) throw new AppError('shutting_down');
    checkMessage(message.message, message.options.literal ?? false);
    const print = fingerprint(message);
    // Before anything is made for it; what is acknowledged again under its key must still be kept, too.
    turns.requireUsable();
    const known = message.idempotencyKey === null ? null : turns.byKey(message.idempotencyKey, print);
    if (known) return known;
    if (schedulerState.queue.length >= deps.maxQueued) {
      throw new AppError('queue_full', `${schedulerState.queue.length} turns are waiting already.`, {
        retryAfterS: 10,
      });
    }
    deps.budgets.requireBudget(message.convId);
    const id = deps.newId();
    const { turn, isNew } = await withFiles(id, message.files, (attachments) =>
      storeTurn(id, message, attachments, print),
    );
    if (isNew) {
      reviveConversation(turn.conv_id);
      deps.scheduler.enqueue(turn, message.follow);
    }
    return turn;
  }

  /** A turn that waits. Throws AppError `turn_not_queued` for any other. */
  function requireQueued(turn: Turn): Turn {
    const queued = schedulerState.queue.find(({ id }) => id === turn.id);
    if (queued) return queued;
    throw new AppError('turn_not_queued', `Turn ${turn.id} is ${turn.state}.`, { turnId: turn.id });
  }

  return {
    accept: (message: IncomingMessage): Promise<Turn> =>
      deps.inTurn(message.convId, () => acceptInTurn(message)),
    requireQueued,
    change: (turn: Turn, changes: MessageChange): Promise<Turn> =>
      deps.inTurn(turn.conv_id, async () => {
        const message = changes.message ?? requireQueued(turn).message;
        const given = Object.fromEntries(
          Object.entries(changes.options).filter(([, value]) => value !== undefined),
        );
        checkMessage(message, changes.options.literal ?? turn.options.literal ?? false);
        return withFiles(`${turn.id}-${deps.newId()}`, changes.files ?? [], (attachments) => {
          // It may have been started while its files were written.
          const queued = requireQueued(turn);
          const options = { ...queued.options, ...given, ...(changes.files ? { attachments } : {}) };
          const common = { conv_id: turn.conv_id, turn_id: turn.id, at: deps.now().toISOString() };
          const shown = { message: truncateText(message, 2000).text, attachments: shownAttachments(options) };
          turns.change(turn.id, { message, options }, { type: 'turn.changed', ...common, ...shown });
          Object.assign(queued, { message, options });
          return queued;
        });
      }),
  };
}

/** What makes two requests with one Idempotency-Key the same: all that says what is to be done. */
function fingerprint({ convId, message, options, files, session_id, project }: IncomingMessage): string {
  const hash = createHash('sha256').update(JSON.stringify([convId, message, options, session_id, project]));
  for (const { name, media_type, data } of files)
    hash.update(JSON.stringify([name, media_type])).update(data);
  return hash.digest('base64url');
}

export type MessageAcceptor = ReturnType<typeof createMessageAcceptor>;
