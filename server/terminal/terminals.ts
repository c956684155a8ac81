import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { Agent } from '../agent/port.ts';
import { processStart } from '../agent/process-tree.ts';
import type { Conversations } from '../conversation/conversations.ts';
import type { Prompts } from '../prompt/prompts.ts';
import type { SessionRecordStore } from '../session-record/port.ts';
import { createSessionRecords, type SessionRecords } from '../session-record/records.ts';
import { createOutputLogs } from './output-log.ts';
import { createTerminalPrompts, type TerminalPrompts } from './prompts.ts';
import { createTerminalSessions, type TerminalSessions } from './sessions.ts';
import { createTmux } from './tmux.ts';
import type { TerminalTurns } from './turn-port.ts';
import { createTypedTurns } from './turns.ts';

export type TerminalsDeps = {
  dataFolder: string;
  env: Readonly<Record<string, string>>;
  store: SessionRecordStore;
  agent: Agent;
  prompts: Prompts;
  /** They and the desk know each other; this is asked for after both are there. */
  conversations(): Conversations;
  /** The address of this server on this machine. */
  url(): string;
  warn(error: unknown, text: string): void;
  now(): Date;
  /** The id of a record in the archive. */
  newId(): string;
};

/** The terminals of this machine that were started here, with all that belongs to them. */
export type Terminals = {
  archive: SessionRecords;
  terminals: TerminalSessions;
  terminalPrompts: TerminalPrompts;
  terminalTurns: TerminalTurns;
  dispose(): Promise<void>;
};

export function createTerminals(deps: TerminalsDeps): Terminals {
  const { agent, warn, now } = deps;
  const folder = join(deps.dataFolder, 'terminals');
  const tmux = createTmux({ env: deps.env });
  const archive = createSessionRecords({
    store: deps.store,
    logs: createOutputLogs({ folder }),
    agent,
    terminals: tmux,
    startOf: processStart,
    onChange(record) {
      if (record.ended_at)
        terminalPrompts
          .forget(record.id)
          .catch((error) => warn(error, 'failed to delete terminal hook file'));
      deps.conversations().onTerminalChange(record.session_id);
    },
    async onMove({ session_id, started_at }, to) {
      // /resume leads to one that was there before: its conversation, if it has one, is another.
      if (!(await agent.existedBefore(to, started_at))) deps.conversations().onSessionRenamed(session_id, to);
    },
    warn,
    now,
    newId: deps.newId,
  });
  const prepareHooks = (recordId: string, permissionMode: string) =>
    terminalPrompts.prepare(recordId, permissionMode);
  const terminals = createTerminalSessions({
    agent,
    terminals: tmux,
    archive,
    prepareHooks,
    newSessionId: () => randomUUID(),
    onRelease: (id) => deps.conversations().onTerminalChange(id),
    now,
  });
  const isOpen = (sessionId: string) => archive.isOpen(sessionId) || terminals.isReserved(sessionId);
  const runs = createTypedTurns({ agent, terminals, isOpen, onClosed: archive.closed, now });

  const terminalPrompts = createTerminalPrompts({
    ...deps,
    archive,
    deliverToTurn: runs.give,
    folder,
    newId: () => nanoid(12),
  });
  return {
    archive,
    terminals,
    terminalPrompts,
    terminalTurns: {
      isOpenInTerminal: (sessionId) => sessionId !== null && isOpen(sessionId),
      startTypedTurn: runs.start,
    },
    dispose: archive.dispose,
  };
}
