import { randomUUID } from 'node:crypto';
import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { checkArgs, checkTerminalArgs } from '../agent/claude/check-args.ts';
import { createAttachments } from '../attachment/attachments.ts';
import { turnDefaults } from '../config.ts';
import { createConversations } from '../conversation/conversations.ts';
import { createProjectGuard } from '../project/project-guard.ts';
import { createProjects } from '../project/projects.ts';
import { createPushes } from '../push/push-service.ts';
import { createSessionDirectory } from '../session/directory.ts';
import { createSessionIndex } from '../session-index/session-index.ts';
import { claudeHome } from '../transcript-file/paths.ts';
import type { Tunnel } from '../tunnel/port.ts';
import { setUpUndo } from '../undo/parts.ts';
import type { Agents } from './agents.ts';
import { type Context, newConvId } from './context.ts';
import type { Stores } from './stores.ts';

/** Builds what people use: conversations, the sessions of this machine, projects and notifications. */
export function composeServices(
  context: Context,
  stores: Stores,
  agents: Agents,
  { defaultProject, tunnel }: { defaultProject: string; tunnel: Tunnel },
) {
  const { config, log, now, warn } = context;
  const resolveProject = createProjectGuard(config.projectRoots, config.agentEnv['HOME'] ?? homedir());
  const { undo, workTrees } = setUpUndo({
    store: stores.undoStore,
    folder: join(config.dataFolder, 'undo'),
    env: config.agentEnv,
    log,
    now,
  });
  const files = composeFiles(context, stores);
  const { leases, events, agent, prompts, terminals } = agents;
  const conversations = createConversations({
    stores,
    services: {
      ...{ agent, leases, events, prompts, undo, resolveProject, checkArgs, warn, now },
      startTypedTurn: terminals.startTypedTurn,
      info: (text) => log.info(text),
      newTurnId: () => nanoid(),
      newSessionId: () => randomUUID(),
      newConvId,
    },
    files,
    settings: {
      defaultProject,
      defaults: turnDefaults(config),
      dayBudget: config.BUDGET_DAY_USD === '' ? null : config.BUDGET_DAY_USD,
      pauseOnCancel: config.PAUSE_QUEUE_ON_CANCEL,
      maxRunning: config.maxConcurrentTurns,
      maxQueued: config.MAX_QUEUED_TURNS,
      maxStarting: Math.max(2, availableParallelism()),
    },
  });
  const { sessionIndex, directory } = composeSessions(context, agents, {
    resolveProject,
    conversations: () => conversations.mapBySession(),
  });
  const projects = createProjects({ roots: config.projectRoots, resolveProject, workTrees, now });
  const pushes = composePushes(context, stores, agents, tunnel);
  return { undo, files, conversations, sessionIndex, directory, projects, pushes };
}

function composeFiles({ config, warn }: Context, { database, turns }: Stores) {
  const attachments = createAttachments({ folder: config.dataFolder, sinceMs: database.createdMs });
  return {
    keepFiles: attachments.keep,
    removeFiles: attachments.remove,
    placeFiles: attachments.place,
    sweepFiles(): void {
      // The folders have the names of their turns; those of changed messages have a suffix.
      const isKnown = (id: string) => turns.get(id.slice(0, 21))?.options.attachments !== undefined;
      attachments.sweep(isKnown).catch((error) => warn(error, 'failed to delete old attachments'));
    },
  };
}

function composeSessions(
  { config, now, packageRoot, warn }: Context,
  { agent, leases, terminals }: Agents,
  more: Pick<Parameters<typeof createSessionDirectory>[0], 'resolveProject' | 'conversations'>,
) {
  const sessionIndex = createSessionIndex({
    home: claudeHome(config.agentEnv),
    path: join(config.dataFolder, 'library.db'),
    worker: join(packageRoot, 'dist', 'server', 'session-index.js'),
    warn,
  });
  const directory = createSessionDirectory({
    ...{ agent, leases, sessionIndex, now, ...more },
    terminals: terminals.terminals,
    checkArgs: checkTerminalArgs,
    newSessionId: () => randomUUID(),
  });
  return { sessionIndex, directory };
}

function composePushes(context: Context, stores: Stores, { prompts }: Agents, tunnel: Tunnel) {
  const { config, now, storageNotes, warn } = context;
  const pushes = createPushes({
    store: stores.pushStore,
    dataFolder: config.dataFolder,
    noteFault: storageNotes.add,
    allowPrivate: config.PUSH_PRIVATE_ADDRESSES,
    publicUrl: () => tunnel.status().url,
    conversation(id) {
      const record = stores.mapping.get(id);
      return record ? { title: record.title ?? id, notify: record.notify ?? null } : null;
    },
    waiting: () => prompts.list(),
    warn,
    now,
    newId: () => nanoid(12),
  });
  if (stores.isPasswordChanged) pushes.removeOfSignIns();
  stores.journal.onEvent((event) => pushes.onEvent(event));
  return pushes;
}

export type Services = ReturnType<typeof composeServices>;
