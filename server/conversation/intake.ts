import { createHash } from 'node:crypto';
import { maxMessageBytes } from '../../contract/endpoint.ts';
import type { Agent } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { MappingStore, Turn, TurnOptions, TurnStore } from '../store/port.ts';
import { clip } from '../transcript/clip.ts';
import type { Book } from './book.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Lanes } from './lanes.ts';

/** A message that is to become a turn. */
export type Message = {
  convId: string;
  message: string;
  options: TurnOptions;
  session_id?: string | undefined;
  project?: string | undefined;
  idempotencyKey: string | null;
  /** The caller reads the turn's events. */
  follow: boolean;
};

/** Accepts messages: when `accept` resolves the turn is on disk, and it will run once whatever happens. */
export function createIntake(deps: {
  agent: Agent;
  book: Book;
  dispatcher: Dispatcher;
  lanes: Lanes;
  mapping: MappingStore;
  turns: TurnStore;
  maxQueued: number;
  /** Messages for one conversation come in one after the other. */
  inTurn<T>(convId: string, work: () => Promise<T>): Promise<T>;
  isClosing(): boolean;
  now(): Date;
  newId(): string;
}) {
  function check(message: Message): void {
    if (deps.isClosing()) throw new AppError('shutting_down');
    if (Buffer.byteLength(message.message) > maxMessageBytes) {
      throw new AppError('message_too_large', `message: has more than ${maxMessageBytes} bytes`, { field: 'message' });
    }
    deps.agent.checkMessage(message.message, message.options.literal ?? false);
  }

  /** Shows the message in the list of conversations; the next write of the mapping takes it to the disk. */
  function notePreview(turn: Turn): void {
    const record = deps.mapping.get(turn.conv_id);
    if (!record) return;
    const last_message = clip(turn.message.trim(), 100).text;
    deps.book.saveLater(turn.conv_id, { ...record, last_message, last_message_at: turn.created_at, archived: false });
  }

  return function accept(message: Message): Promise<Turn> {
    return deps.inTurn(message.convId, () => acceptInTurn(message));
  };

  async function acceptInTurn(message: Message): Promise<Turn> {
    check(message);
    const known = message.idempotencyKey === null ? null : deps.turns.byKey(message.idempotencyKey, fingerprintOf(message));
    if (known) return known;
    if (deps.lanes.queue.length >= deps.maxQueued) {
      throw new AppError('queue_full', `${deps.lanes.queue.length} turns are waiting already.`, { retryAfterS: 10 });
    }
    await deps.book.ensure(message.convId, { session_id: message.session_id, project: message.project });
    const { turn, isNew } = deps.turns.accept(
      {
        id: deps.newId(),
        conv_id: message.convId,
        message: message.message,
        options: { ...message.options, project: message.project, session_id: message.session_id },
        created_at: deps.now().toISOString(),
      },
      message.idempotencyKey,
      fingerprintOf(message),
    );
    if (isNew) {
      notePreview(turn);
      deps.dispatcher.enqueue(turn, message.follow);
    }
    return turn;
  }
}

/** What makes two requests with one Idempotency-Key the same: all that says what is to be done. */
function fingerprintOf({ convId, message, options, session_id, project }: Message): string {
  return createHash('sha256')
    .update(JSON.stringify([convId, message, options, session_id, project]))
    .digest('base64url');
}
