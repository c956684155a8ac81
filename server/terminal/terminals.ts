import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { Agent } from '../agent/port.ts';
import { processStart } from '../agent/process-tree.ts';
import type { Conversations } from '../conversation/conversations.ts';
import type { ServerEventBus } from '../events.ts';
import type { Prompts } from '../prompt/prompts.ts';
import type { SessionLeases } from '../session/lease.ts';
import type { SessionRecordStore } from '../session-record/port.ts';
import { createSessionRecords, type SessionRecords } from '../session-record/records.ts';
import { HookSettingsFiles } from './hook-settings.ts';
import { createOutputLogs } from './output-log.ts';
import { TerminalPrompts } from './prompts.ts';
import { TerminalSessions } from './sessions.ts';
import { createTmux } from './tmux.ts';
import type { StartTypedTurn } from './turn-port.ts';
import { TypedTurns } from './turns.ts';

export type TerminalsDeps = {
  dataFolder: string;
  env: Readonly<Record<string, string>>;
  store: SessionRecordStore;
  agent: Agent;
  prompts: Prompts;
  /** First called when both exist, since conversations also use terminals. */
  conversations(): Conversations;
  leases: SessionLeases;
  events: ServerEventBus;
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
  startTypedTurn: StartTypedTurn;
  dispose(): Promise<void>;
};

export function createTerminals(deps: TerminalsDeps): Terminals {
  const { agent, warn, now } = deps;
  const folder = join(deps.dataFolder, 'terminals');
  const hookFiles = new HookSettingsFiles(folder, deps.url);
  const tmux = createTmux({ env: deps.env });
  const archive = createSessionRecords({
    store: deps.store,
    logs: createOutputLogs({ folder }),
    agent,
    terminals: tmux,
    startOf: processStart,
    onEnd(record) {
      terminals.onEnd(record.id);
      hookFiles.remove(record.id).catch((error) => warn(error, 'failed to delete terminal hook file'));
    },
    async onMove({ id, session_id, started_at }, to) {
      // /resume leads to an earlier session: its conversation, if it has one, is another.
      const isNew = !(await agent.transcripts.existedBefore(to, started_at));
      terminals.onMove(id, to);
      if (isNew) deps.events.emit('session.cleared', session_id, to);
    },
    warn,
    now,
    newId: deps.newId,
  });
  const prepareHooks = (recordId: string, permissionMode: string) =>
    hookFiles.write(recordId, permissionMode);
  const terminals = new TerminalSessions({
    agent,
    terminals: tmux,
    archive,
    prepareHooks,
    leases: deps.leases,
    now,
  });
  const typedTurns = new TypedTurns({ agent, terminals, leases: deps.leases, now });

  const terminalPrompts = new TerminalPrompts({
    ...deps,
    archive,
    deliverToTurn: (sessionId, request) => typedTurns.deliverPrompt(sessionId, request),
    newId: () => nanoid(12),
  });
  return {
    archive,
    terminals,
    terminalPrompts,
    startTypedTurn: (spec, onOutput) => typedTurns.start(spec, onOutput),
    dispose: () => archive.dispose(),
  };
}
