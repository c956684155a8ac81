import type { BackgroundTask } from '../../contract/conversation.ts';
import type { Agent, LiveListener } from '../agent/port.ts';
import type { Journal, LiveStore, TurnStore } from '../store/port.ts';
import { truncateText } from '../transcript/truncate.ts';
import type { ConversationRecords } from './records.ts';
import type { Scheduler } from './scheduler.ts';

/** Brings what live processes tell beside their runs to the conversations that they belong to. */
export function createAgentListener(deps: {
  records: ConversationRecords;
  scheduler: Scheduler;
  turns: TurnStore;
  journal: Journal;
  agent: Agent;
  liveProcessStore: LiveStore;
  warn(error: unknown, text: string): void;
  now(): Date;
  newTurnId(): string;
}): LiveListener {
  const { records, journal, liveProcessStore: lives } = deps;
  /** By conversation: what its process runs in the background. */
  const running = new Map<string, readonly BackgroundTask[]>();
  const at = () => deps.now().toISOString();

  return {
    changed(sessionId) {
      const id = records.findBySession(sessionId);
      if (!id) return;
      const isOpen = deps.agent.live.isOpen(sessionId);
      if (!isOpen) running.delete(id);
      lives.set(id, isOpen ? (running.get(id) ?? []) : null);
      records.announce(id);
    },
    background(sessionId, tasks) {
      const id = records.findBySession(sessionId);
      if (!id) return;
      running.set(id, tasks);
      lives.set(id, tasks);
      journal.append([{ type: 'background.changed', conv_id: id, at: at(), tasks: [...tasks] }]);
    },
    backgroundEnded(sessionId, task, status, summary) {
      const id = records.findBySession(sessionId);
      if (id)
        journal.append([
          {
            type: 'background.ended',
            conv_id: id,
            at: at(),
            task,
            status,
            summary: truncateText(summary, 4000).text,
          },
        ]);
    },
    onAgentTurn(sessionId, about, run) {
      const id = records.findBySession(sessionId);
      if (!id) return null;
      try {
        const message = truncateText(about, 2000).text;
        const turn = deps.turns.begin({
          id: deps.newTurnId(),
          conv_id: id,
          message,
          session_id: sessionId,
          created_at: at(),
        });
        return deps.scheduler.startAgentTurn(turn, records.projectOf(records.require(id)), run);
      } catch (error) {
        deps.warn(error, 'a turn of background work could not be kept');
        return null;
      }
    },
  };
}
