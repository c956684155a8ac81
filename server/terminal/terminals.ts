import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { Agent } from '../agent/port.ts';
import { processStart } from '../agent/process-tree.ts';
import type { Conversations } from '../conversation/conversations.ts';
import type { Prompts } from '../prompt/prompts.ts';
import type { ArchiveStore } from '../session-record/port.ts';
import { type Archive, createArchive } from '../session-record/records.ts';
import { createPaneLogs } from './output-log.ts';
import { createDeskPrompts, type DeskPrompts } from './prompts.ts';
import { createTerminalSessions, type TerminalSessions } from './sessions.ts';
import { createTmux } from './tmux.ts';
import type { Desk } from './turn-port.ts';
import { createDeskRuns } from './turns.ts';

export type DeskDeps = {
  dataFolder: string;
  env: Readonly<Record<string, string>>;
  store: ArchiveStore;
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
export type DeskParts = { archive: Archive; terminals: TerminalSessions; deskPrompts: DeskPrompts; desk: Desk; dispose(): Promise<void> };

export function createDesk(deps: DeskDeps): DeskParts {
  const { agent, warn, now } = deps;
  const folder = join(deps.dataFolder, 'terminals');
  const tmux = createTmux({ env: deps.env });
  const archive = createArchive({
    store: deps.store,
    logs: createPaneLogs({ folder }),
    agent,
    terminals: tmux,
    startOf: processStart,
    onChange(record) {
      if (record.ended_at) deskPrompts.forget(record.id).catch((error) => warn(error, 'the hooks of an ended terminal stay'));
      deps.conversations().deskChanged(record.session_id);
    },
    async onMove({ session_id, started_at }, to) {
      // /resume leads to one that was there before: its conversation, if it has one, is another.
      if (!(await agent.isOlder(to, started_at))) deps.conversations().deskMoved(session_id, to);
    },
    warn,
    now,
    newId: deps.newId,
  });
  const prepareHooks = (recordId: string, permissionMode: string) => deskPrompts.prepare(recordId, permissionMode);
  const terminals = createTerminalSessions({
    agent,
    terminals: tmux,
    archive,
    prepareHooks,
    newSessionId: () => randomUUID(),
    onRelease: (id) => deps.conversations().deskChanged(id),
    now,
  });
  const isOpen = (sessionId: string) => archive.isOpen(sessionId) || terminals.isReserved(sessionId);
  const runs = createDeskRuns({ agent, terminals, isOpen, closed: archive.closed, now });

  const deskPrompts = createDeskPrompts({ ...deps, archive, giveToRun: runs.give, folder, newId: () => nanoid(12) });
  return {
    archive,
    terminals,
    deskPrompts,
    desk: { isOpen: (sessionId) => sessionId !== null && isOpen(sessionId), start: runs.start },
    dispose: archive.dispose,
  };
}
