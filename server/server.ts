import { realpath } from 'node:fs/promises';
import { refusedArgs } from './agent/claude/argv.ts';
import type { AgentStatus } from './agent/port.ts';
import { ServerAddresses } from './compose/addresses.ts';
import { composeAgents } from './compose/agents.ts';
import { type Context, createContext, type ServerDeps } from './compose/context.ts';
import { Disposables } from './compose/disposables.ts';
import { composeHttp } from './compose/http.ts';
import { Listening } from './compose/listening.ts';
import { Recovery } from './compose/recovery.ts';
import { composeServices, type Services } from './compose/services.ts';
import { openStores } from './compose/stores.ts';
import { type Config, ConfigError, checkExposure } from './config.ts';
import { type Database, openDatabase } from './store/database.ts';
import { isDamage } from './store/sqlite-error.ts';
import { createStorageNotes } from './store/storage-notes.ts';
import { keepTunnel, noTunnel } from './tunnel/reconnect.ts';

export type { ServerDeps };

/** A server that listens. */
export type RunningServer = {
  url: string;
  username: string;
  /** The file with the password; null if the settings have it. */
  passwordFile: string | null;
  agentStatus(): Promise<AgentStatus>;
  /** Lets running turns end for a bounded time (or until `hurry`), then stops them; leaves no process. */
  dispose(how?: { graceS?: number; hurry?: AbortSignal }): Promise<void>;
};

/** Builds all parts, listens, and opens the tunnel. Throws ConfigError or DataFolderError if it cannot start. */
export async function startServer(deps: ServerDeps): Promise<RunningServer> {
  const { config, log } = deps;
  checkExposure(config);
  const logNote = (file: string, text: string) => log.error({ file }, text);
  const storageNotes = createStorageNotes({ log: logNote, now: () => new Date() });
  const context = createContext(deps, storageNotes);
  const database = openDatabase(config.dataFolder, {
    acceptEmpty: deps.acceptEmpty ?? false,
    note: storageNotes.add,
    stateFolder: config.ownersFolder,
  });
  try {
    return await compose(context, database);
  } catch (error) {
    if (!isDamage(error) || database.standIn) {
      database.dispose();
      throw error;
    }
    // What does not need the damaged journal still works.
    return compose(context, database.toStandIn((error as Error).message));
  }
}

/**
 * What is built first is disposed of last. The servers are the exception: they stay open until the running turns
 * have ended, so that their readers see the end.
 */
async function compose(context: Context, database: Database): Promise<RunningServer> {
  const { config, onTunnelChange: onChange, tunnelProvider: provider, warn } = context;
  const defaultProject = await checkSettings(config);
  const disposables = new Disposables();
  const addresses = new ServerAddresses(config);
  const tunnel = provider ? keepTunnel({ provider, onChange, warn }) : noTunnel;
  const stores = await openStores(context, database);
  disposables.add('the data folder', stores.dispose);
  let services: Services;
  const agents = composeAgents(context, stores, {
    addresses,
    conversations: () => services.conversations,
  });
  services = composeServices(context, stores, agents, { defaultProject, tunnel });
  const { conversations, pushes, sessionIndex } = services;
  const http = composeHttp(context, { stores, agents, services }, { addresses, defaultProject, tunnel });
  const listening = new Listening();
  disposables.add('the servers', () => listening.dispose());
  try {
    await conversations.restore();
    await listening.open(http, context, addresses);
  } catch (error) {
    await disposables.dispose();
    throw error;
  }
  const recovery = new Recovery(context, stores);
  recovery.start(agents, services);
  database.seal();
  await http.localAccess.publish(addresses.localUrl);
  listening.accept(http, tunnel);

  let end = { graceMs: config.SHUTDOWN_GRACE_S * 1000, hurry: undefined as AbortSignal | undefined };
  disposables.add('the session records', () => agents.headlessRecorder.dispose());
  disposables.add('the agent', () => agents.agent.dispose());
  disposables.add('the session index', () => sessionIndex.dispose());
  disposables.add('the terminals', () => agents.terminals.dispose());
  disposables.add('open responses', () => http.openResponses.end());
  disposables.add('the turns', () => conversations.close(end.graceMs, end.hurry));
  disposables.add('the recovery', () => recovery.dispose());
  disposables.add('the tunnel', () => tunnel.dispose());
  disposables.add('the notifications', () => pushes.dispose());
  return {
    url: addresses.url,
    username: config.AUTH_USERNAME,
    passwordFile: stores.passwordFile,
    agentStatus: () => agents.agent.getStatus(),
    async dispose({ graceS = config.SHUTDOWN_GRACE_S, hurry } = {}) {
      end = { graceMs: graceS * 1000, hurry };
      // Before the first wait: from here on no client is accepted and nothing starts.
      http.localAccess.dispose();
      http.terminalSocket.dispose();
      conversations.beginClose();
      await disposables.dispose();
      database.dispose();
    },
  };
}

/** Returns the real path of the default project. */
async function checkSettings(config: Config): Promise<string> {
  const refused = refusedArgs(config.CLAUDE_EXTRA_ARGS);
  if (refused.length)
    throw new ConfigError(
      `CLAUDE_EXTRA_ARGS: ${refused.join(' ')} cannot be used, since the server sets it itself.`,
    );
  return realpath(config.project).catch(() => {
    throw new ConfigError(
      `CLAUDE_PROJECT_PATH: the folder ${config.project} does not exist. Create it, or name another.`,
    );
  });
}
