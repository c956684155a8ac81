import type { BackgroundTask } from '../../contract/conversation.ts';
import type { Agent, LiveListener } from '../agent/port.ts';
import type { Journal, LiveStore, TurnStore } from '../store/port.ts';
import { clip } from '../transcript/truncate.ts';
import type { Book } from './records.ts';
import type { Dispatcher } from './scheduler.ts';

/** Brings what live processes tell beside their runs to the conversations that they belong to. */
export function createLiveListener(deps: {
  book: Book;
  dispatcher: Dispatcher;
  turns: TurnStore;
  journal: Journal;
  agent: Agent;
  lives: LiveStore;
  warn(error: unknown, text: string): void;
  now(): Date;
  newTurnId(): string;
}): LiveListener {
  const { book, journal, lives } = deps;
  /** By conversation: what its process runs in the background. */
  const running = new Map<string, readonly BackgroundTask[]>();
  const at = () => deps.now().toISOString();

  return {
    changed(sessionId) {
      const id = book.ofSession(sessionId);
      if (!id) return;
      const isOpen = deps.agent.live.isOpen(sessionId);
      if (!isOpen) running.delete(id);
      lives.set(id, isOpen ? (running.get(id) ?? []) : null);
      book.announce(id);
    },
    background(sessionId, tasks) {
      const id = book.ofSession(sessionId);
      if (!id) return;
      running.set(id, tasks);
      lives.set(id, tasks);
      journal.append([{ type: 'background.changed', conv_id: id, at: at(), tasks: [...tasks] }]);
    },
    backgroundEnded(sessionId, task, status, summary) {
      const id = book.ofSession(sessionId);
      if (id) journal.append([{ type: 'background.ended', conv_id: id, at: at(), task, status, summary: clip(summary, 4000).text }]);
    },
    ownTurn(sessionId, about, run) {
      const id = book.ofSession(sessionId);
      if (!id) return null;
      try {
        const message = clip(about, 2000).text;
        const turn = deps.turns.begin({ id: deps.newTurnId(), conv_id: id, message, session_id: sessionId, created_at: at() });
        return deps.dispatcher.takeOwnTurn(turn, book.projectOf(book.need(id)), run);
      } catch (error) {
        deps.warn(error, 'a turn of background work could not be kept');
        return null;
      }
    },
  };
}
