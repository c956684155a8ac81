import { randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import type { Server } from 'node:http';
import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { customAlphabet, nanoid } from 'nanoid';
import { createLocalAccess } from './access/local-access.ts';
import { createLoginLimit } from './access/login-limit.ts';
import { createPairings } from './access/pairings.ts';
import { createPasswordCheck, loadPassword, otherPassword } from './access/password.ts';
import { refusedArgs } from './agent/claude/argv.ts';
import { checkArgs, checkTerminalArgs } from './agent/claude/check-args.ts';
import { createClaude } from './agent/claude/claude.ts';
import type { AgentStatus } from './agent/port.ts';
import { createApp } from './app.ts';
import { createAttachments } from './attachment/attachments.ts';
import { type Config, ConfigError, checkExposure, turnDefaults } from './config.ts';
import { type Conversations, createConversations } from './conversation/conversations.ts';
import { ServerEventBus } from './events.ts';
import { createClientAddress } from './http/client-address.ts';
import { createGuard } from './http/middleware/guard.ts';
import { createOpenResponses } from './http/open-responses.ts';
import { createTerminalSocket } from './http/terminal-socket.ts';
import { createTerminalTickets } from './http/terminal-tickets.ts';
import { closeServer, listen, localName, portOf } from './listen.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics/metrics.ts';
import { openWhenDiskAllows } from './open-when-disk-allows.ts';
import { createPage } from './page/page-renderer.ts';
import { lookAtPaths } from './project/inspect-paths.ts';
import { createProjectGuard } from './project/project-guard.ts';
import { createProjects } from './project/projects.ts';
import { resolveFile } from './project/resolve-file.ts';
import { createPrompts } from './prompt/prompts.ts';
import { createPushes } from './push/push-service.ts';
import { createSessionDirectory } from './session/directory.ts';
import { SessionLeases } from './session/lease.ts';
import { createSessionIndex } from './session-index/session-index.ts';
import { createHeadlessRecorder } from './session-record/headless-recorder.ts';
import { createCredentialStore } from './store/credential-store.ts';
import { type Database, openDatabase } from './store/database.ts';
import { createJournal } from './store/journal.ts';
import { createLiveStore } from './store/live-store.ts';
import { openMappingStore } from './store/mapping-store.ts';
import { createProcessStore } from './store/process-store.ts';
import { createPromptStore } from './store/prompt-store.ts';
import { createPushStore } from './store/push-store.ts';
import { createSessionRecordStore } from './store/session-record-store.ts';
import { isDamage } from './store/sqlite-error.ts';
import { createStorageNotes, type StorageNotes } from './store/storage-notes.ts';
import { createTurnStore } from './store/turn-store.ts';
import { createUndoStore } from './store/undo-store.ts';
import { createTerminals } from './terminal/terminals.ts';
import { claudeHome } from './transcript-file/paths.ts';
import type { TunnelProvider, TunnelStatus } from './tunnel/port.ts';
import { keepTunnel, noTunnel } from './tunnel/reconnect.ts';
import { setUpUndo } from './undo/parts.ts';
import { checkOwnFolders } from './util/own-folder.ts';

/** No dash or underscore: these are typed in shells. */
const typedAlphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
const newRecordId = customAlphabet(typedAlphabet, 12);

/** How often old events are looked for. */
const pruneEveryMs = 60_000;

export type ServerDeps = {
  config: Config;
  log: Log;
  version: string;
  /** The folder with node_modules and the built page. */
  packageRoot: string;
  /** Opens tunnels where the settings ask for one. */
  tunnelProvider: TunnelProvider | null;
  onTunnelChange(status: TunnelStatus): void;
  checkAnswers: boolean;
  /** Start with an empty journal although the data folder had one. */
  acceptEmpty?: boolean;
};

/** A server that listens. */
export type RunningServer = {
  url: string;
  username: string;
  /** Where the password is, if it was not in the settings. */
  passwordFile: string | null;
  agentStatus(): Promise<AgentStatus>;
  /** Lets running turns end for a bounded time (or until `hurry`), then stops them; leaves no process. */
  dispose(how?: { graceS?: number; hurry?: AbortSignal }): Promise<void>;
};

/** Builds all parts, listens, and opens the tunnel; what is opened here is disposed of in reverse. */
export async function startServer(deps: ServerDeps): Promise<RunningServer> {
  const { config, log } = deps;
  checkExposure(config);
  const now = () => new Date();
  const storageNotes = createStorageNotes({ log: (file, text) => log.error({ file }, text), now });
  const database = openDatabase(config.dataFolder, {
    acceptEmpty: deps.acceptEmpty ?? false,
    note: storageNotes.add,
    stateFolder: config.ownersFolder,
  });
  try {
    return await compose(deps, database, storageNotes);
  } catch (error) {
    if (!isDamage(error) || database.standIn) {
      database.dispose();
      throw error;
    }
    // What does not need the damaged journal still works.
    return await compose(deps, database.toStandIn((error as Error).message), storageNotes);
  }
}

async function compose(
  deps: ServerDeps,
  database: Database,
  storageNotes: StorageNotes,
): Promise<RunningServer> {
  const { config, log } = deps;
  const badArgs = refusedArgs(config.CLAUDE_EXTRA_ARGS);
  if (badArgs.length)
    throw new ConfigError(
      `CLAUDE_EXTRA_ARGS: ${badArgs.join(' ')} cannot be used, since the server sets it itself.`,
    );
  const now = () => new Date();
  const startedAt = now();
  const warn = (error: unknown, text: string) => log.warn({ err: error ?? undefined }, text);

  const defaultProject = await realpath(config.project).catch(() => {
    throw new ConfigError(
      `CLAUDE_PROJECT_PATH: the folder ${config.project} does not exist. Create it, or name another.`,
    );
  });

  const mapping = await openMappingStore({
    folder: config.dataFolder,
    now,
    onOddEntry: (name, what) => log.warn(`sessions.json: ${JSON.stringify(name)}: ${what}`),
    note: storageNotes.add,
  });
  const keep = { bytes: config.EVENTS_MAX_MB * 1_000_000, days: config.EVENTS_KEEP_DAYS };
  const journal = createJournal({
    database,
    keep,
    now,
    onTrouble: (error) => warn(error, 'event journal write failed, retrying'),
  });
  const turns = createTurnStore({ database, events: journal });
  checkOwnFolders(config.dataFolder, ['attachments', 'terminals', 'undo'], storageNotes.add);
  const {
    password,
    file: passwordFile,
    isNew,
  } = loadPassword(config.AUTH_PASSWORD, config.dataFolder, storageNotes.add);
  const credentials = createCredentialStore({ database, password, now });
  const isOtherPassword = credentials.endIfPasswordChanged();
  if (isOtherPassword && isNew)
    storageNotes.add(passwordFile ?? '', `${passwordFile} is missing: ${otherPassword}.`);
  const processes = createProcessStore({ database, warn });
  const leftProcesses = processes.all();
  const leases = new SessionLeases();
  const events = new ServerEventBus();
  const claude = createClaude({
    bin: config.CLAUDE_BIN,
    packageRoot: deps.packageRoot,
    env: config.agentEnv,
    notes: processes,
    leases,
    live: { limit: config.liveProcesses, idleMs: config.LIVE_IDLE_S * 1000 },
    stallMs: config.STALL_S * 1000,
    now,
  });
  const sessionRecordStore = createSessionRecordStore({ database });
  const headlessRecorder = createHeadlessRecorder({
    store: sessionRecordStore,
    agent: claude,
    nameOf: (id) => conversations.mapBySession().get(id)?.id ?? null,
    warn,
    now,
    newId: newRecordId,
  });
  const { agent } = headlessRecorder;
  const attachments = createAttachments({ folder: config.dataFolder, sinceMs: database.createdMs });
  const prompts = createPrompts({
    store: createPromptStore({ database, events: journal }),
    timeoutS: config.PROMPT_TIMEOUT_S === '' ? null : config.PROMPT_TIMEOUT_S,
    resolveFile,
    lookAtPaths,
    onPlanAccepted: (convId, mode) => events.emit('plan.accepted', convId, mode),
    warn,
    now,
    newId: () => nanoid(12),
  });

  /** The folders of attachments are called after their turns; those of changed messages have more behind it. */
  const sweepFiles = () => {
    const isKnown = (id: string) => turns.get(id.slice(0, 21))?.options.attachments !== undefined;
    attachments.sweep(isKnown).catch((error) => warn(error, 'failed to delete old attachments'));
  };

  const resolveProject = createProjectGuard(config.projectRoots, config.agentEnv['HOME'] ?? homedir());
  const undoFolder = join(config.dataFolder, 'undo');
  const { undo, workTrees } = setUpUndo({
    store: createUndoStore({ database }),
    folder: undoFolder,
    env: config.agentEnv,
    log,
    now,
  });
  const {
    startTypedTurn,
    archive,
    terminals,
    terminalPrompts,
    dispose: disposeTerminals,
  } = createTerminals({
    dataFolder: config.dataFolder,
    env: config.agentEnv,
    store: sessionRecordStore,
    newId: newRecordId,
    agent,
    prompts,
    leases,
    events,
    conversations: () => conversations,
    url: () => `http://${localName(config.HOST)}:${portOf(servers[0] as Server)}`,
    warn,
    now,
  });
  const conversations: Conversations = createConversations({
    stores: {
      turns,
      journal,
      mapping,
      liveProcessStore: createLiveStore({ database, warn }),
      processRegistry: processes,
      orphanedProcesses: leftProcesses,
    },
    services: {
      agent,
      leases,
      events,
      prompts,
      startTypedTurn,
      undo,
      resolveProject,
      checkArgs,
      info: (text) => log.info(text),
      warn,
      now,
      newTurnId: () => nanoid(),
      newSessionId: () => randomUUID(),
      newConvId: customAlphabet(typedAlphabet, 10),
    },
    files: {
      keepFiles: attachments.keep,
      removeFiles: attachments.remove,
      placeFiles: attachments.place,
      sweepFiles,
    },
    settings: {
      dayBudget: config.BUDGET_DAY_USD === '' ? null : config.BUDGET_DAY_USD,
      pauseOnCancel: config.PAUSE_QUEUE_ON_CANCEL,
      defaultProject,
      defaults: turnDefaults(config),
      maxRunning: config.maxConcurrentTurns,
      maxQueued: config.MAX_QUEUED_TURNS,
      maxStarting: Math.max(2, availableParallelism()),
    },
  });

  let tunnel = noTunnel;
  let tunnelPort: number | null = null;
  const tunnelName = () => {
    const { url } = tunnel.status();
    return url ? [new URL(url).hostname] : [];
  };
  const pushes = createPushes({
    store: createPushStore({ database }),
    dataFolder: config.dataFolder,
    noteFault: storageNotes.add,
    allowPrivate: config.PUSH_PRIVATE_ADDRESSES,
    publicUrl: () => tunnel.status().url,
    conversation(id) {
      const record = mapping.get(id);
      return record ? { title: record.title ?? id, notify: record.notify ?? null } : null;
    },
    waiting: () => prompts.list(),
    warn,
    now,
    newId: () => nanoid(12),
  });
  if (isOtherPassword) pushes.removeOfSignIns();
  journal.onEvent((event) => pushes.onEvent(event));
  const instance = randomUUID();
  const localAccess = createLocalAccess({ file: config.stateFile, instance, warn });
  const sessionIndex = createSessionIndex({
    home: claudeHome(config.agentEnv),
    path: join(config.dataFolder, 'library.db'),
    worker: join(deps.packageRoot, 'dist', 'server', 'session-index.js'),
    warn,
  });
  const local = createSessionDirectory({
    agent,
    sessionIndex,
    terminals,
    checkArgs: checkTerminalArgs,
    newSessionId: () => randomUUID(),
    leases,
    now,
    resolveProject,
    conversations: () => conversations.mapBySession(),
  });
  const client = createClientAddress(() => tunnelPort);
  const guard = createGuard({
    names: () => [...config.ALLOWED_HOSTS, ...tunnelName()],
    isTunnelled: client.isTunnelled,
  });
  const openResponses = createOpenResponses();
  const tickets = createTerminalTickets({ now });
  const hosts = new Map([['local', local]]);
  const terminalSocket = createTerminalSocket({
    hosts,
    tickets,
    guard,
    openResponses,
    isKnown: (id) => credentials.list().some((one) => one.id === id),
    warn,
  });
  const app = createApp({
    hosts,
    archive,
    terminalPrompts,
    pushes,
    pairings: createPairings({ now }),
    projects: createProjects({ roots: config.projectRoots, resolveProject, workTrees, now }),
    agent,
    conversations,
    journal,
    prompts,
    metrics: createMetrics({ conversations, live: agent.live, prompts, turns, journal }),
    credentials,
    undo,
    localAccess,
    tunnel: { status: () => tunnel.status(), dispose: async () => {} },
    checkPassword: createPasswordCheck({
      username: config.AUTH_USERNAME,
      password,
      limit: createLoginLimit(),
    }),
    client,
    username: config.AUTH_USERNAME,
    guard,
    openResponses,
    tickets,
    pageFolder: join(deps.packageRoot, 'dist', 'frontend'),
    page: createPage({ folder: join(deps.packageRoot, 'dist'), warn }),
    version: deps.version,
    instance,
    startedAt,
    project: defaultProject,
    host: config.HOST,
    limits: {
      maxConcurrentTurns: config.maxConcurrentTurns,
      maxQueuedTurns: config.MAX_QUEUED_TURNS,
      timeoutS: config.CLAUDE_TIMEOUT_S,
    },
    storageTrouble: () => database.trouble() ?? mapping.trouble(),
    storageNotes: storageNotes.all,
    newRequestId: () => nanoid(12),
    onFault: (error, requestId) => log.error({ err: error, request_id: requestId }, 'a request failed'),
    checkAnswers: deps.checkAnswers,
  });

  const closeStores = async () => {
    await mapping.dispose();
    journal.dispose();
  };
  const servers: Server[] = [];
  try {
    await conversations.restore();
    servers.push(await listen(app, config.HOST, config.PORT));
    if (deps.tunnelProvider) servers.push(await listen(app, '127.0.0.1', 0, { isShared: true }));
  } catch (error) {
    for (const server of servers) server.close();
    await closeStores();
    throw error;
  }
  const prune = () => {
    try {
      journal.prune();
    } catch (error) {
      warn(error, 'old events could not be deleted');
    }
  };
  const pruning = setInterval(() => database.standIn || prune(), pruneEveryMs);
  let isClosing = false;
  // Without its journal a server knows of no turns: what it finds of them is left alone.
  const isUsable = !database.standIn;
  if (isUsable) {
    setImmediate(prune);
    sweepFiles();
    undo.sweep().catch((error) => warn(error, 'what was noted of projects that are gone stays'));
  }
  const opened = isUsable
    ? openWhenDiskAllows(
        () => conversations.open(),
        () => isClosing,
        warn,
      )
    : Promise.resolve();
  database.seal();
  for (const server of servers) terminalSocket.listen(server);
  if (isUsable) {
    archive.start();
    headlessRecorder.start().catch((error) => warn(error, 'how earlier sessions ended could not be told'));
  }
  const [main, forTunnel] = servers;
  await localAccess.publish(`http://${localName(config.HOST)}:${portOf(main as Server)}`);
  if (deps.tunnelProvider && forTunnel) {
    tunnelPort = portOf(forTunnel);
    tunnel = keepTunnel({
      provider: deps.tunnelProvider,
      address: `127.0.0.1:${tunnelPort}`,
      onChange: deps.onTunnelChange,
      warn,
    });
  }

  return {
    url: `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${portOf(main as Server)}`,
    username: config.AUTH_USERNAME,
    passwordFile,
    agentStatus: () => agent.getStatus(),
    async dispose({ graceS = config.SHUTDOWN_GRACE_S, hurry } = {}) {
      isClosing = true;
      localAccess.dispose();
      terminalSocket.dispose();
      conversations.beginClose();
      clearInterval(pruning);
      pushes.dispose();
      await tunnel.dispose();
      await opened;
      await conversations.close(graceS * 1000, hurry);
      openResponses.end();
      await disposeTerminals();
      await sessionIndex.dispose();
      await agent.dispose();
      await headlessRecorder.dispose();
      await Promise.all(servers.map(closeServer));
      await closeStores();
      database.dispose();
    },
  };
}
