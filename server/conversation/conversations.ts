import type { TurnSummary } from '../../contract/turn.ts';
import type { Agent } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { Journal, MappingStore, Turn, TurnStore } from '../store/port.ts';
import { type Book, createBook } from './book.ts';
import { createDispatcher, type Dispatcher, type RunDefaults } from './dispatcher.ts';
import { createIntake, type Message } from './intake.ts';
import { createActive, createLanes, type Lanes, liveText } from './lanes.ts';
import { createMutex } from './mutex.ts';
import { isEnded, toSummary } from './outcome.ts';
import { recover, restoreMapping } from './recovery.ts';
import { createSlots } from './slots.ts';

export type ConversationsDeps = {
  agent: Agent;
  turns: TurnStore;
  journal: Journal;
  mapping: MappingStore;
  resolveProject(path: string): Promise<string>;
  checkArgs(args: readonly string[]): void;
  defaultProject: string;
  defaults: RunDefaults;
  maxRunning: number;
  maxQueued: number;
  /** How many processes may be in their start, which takes a core each, at a time. */
  maxStarting: number;
  info(text: string): void;
  warn(error: unknown, text: string): void;
  now(): Date;
  newTurnId(): string;
  newConvId(): string;
};

/** The door to conversations and their turns; what speaks HTTP uses nothing else of this folder. */
export interface Conversations {
  book: Book;
  accept(message: Message): Promise<Turn>;
  /** Resolves with the turn when it ended; never after `signal`. */
  ended(turnId: string, signal?: AbortSignal): Promise<Turn>;
  /** Throws AppError `turn_not_found`. */
  turn(id: string): TurnSummary;
  cancel(id: string): Promise<TurnSummary>;
  counts(): { running: number; queued: number };
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
  const lanes: Lanes = createLanes();
  let isClosing = false;
  const inTurn = createMutex();
  const book: Book = createBook({ ...deps, lanes, inTurn, newId: deps.newConvId });
  const slots = createSlots(deps.maxStarting);
  const dispatcher: Dispatcher = createDispatcher({ ...deps, lanes, book, takeStartSlot: slots.take });
  const accept = createIntake({ ...deps, lanes, book, dispatcher, inTurn, isClosing: () => isClosing, newId: deps.newTurnId });

  // What is left from before is there from the first request on: its conversations are busy, its turns can be cancelled.
  lanes.queue.push(...deps.turns.inState('queued'));
  const leftovers = deps.turns.withProcess();
  for (const turn of leftovers) if (!isEnded(turn)) lanes.active.set(turn.id, createActive(turn, true));

  function need(id: string): Turn {
    const turn = lanes.active.get(id)?.turn ?? deps.turns.get(id);
    if (!turn) throw new AppError('turn_not_found', `There is no turn ${JSON.stringify(id)}.`, { field: 'id' });
    return turn;
  }

  function summaryOf(turn: Turn): TurnSummary {
    const active = lanes.active.get(turn.id);
    return active && !isEnded(turn) ? toSummary(turn, liveText(active)) : toSummary(turn);
  }

  return {
    book,
    accept,
    ended: dispatcher.ended,
    turn: (id) => summaryOf(need(id)),
    cancel: async (id) => summaryOf(await dispatcher.cancel(need(id))),
    counts: () => ({ running: lanes.active.size, queued: lanes.queue.length }),
    restore: () => restoreMapping(deps),
    async open() {
      await recover({ ...deps, leftovers, projectOf: book.projectOf, onEnd: dispatcher.leftoverEnded });
      dispatcher.open();
    },
    beginClose() {
      isClosing = true;
      dispatcher.beginClose();
    },
    async close(graceMs, hurry) {
      await dispatcher.close(graceMs, hurry);
    },
  };
}
