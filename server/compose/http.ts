import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { createLocalAccess } from '../access/local-access.ts';
import { createLoginLimit } from '../access/login-limit.ts';
import { createPairings } from '../access/pairings.ts';
import { createPasswordCheck } from '../access/password.ts';
import { createApp } from '../app.ts';
import { createClientAddress } from '../http/client-address.ts';
import { createGuard } from '../http/middleware/guard.ts';
import { createOpenResponses } from '../http/open-responses.ts';
import { createTerminalSocket } from '../http/terminal-socket.ts';
import { createTerminalTickets } from '../http/terminal-tickets.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { createPage } from '../page/page-renderer.ts';
import type { Tunnel } from '../tunnel/port.ts';
import type { ServerAddresses } from './addresses.ts';
import type { Agents } from './agents.ts';
import type { Context } from './context.ts';
import type { Services } from './services.ts';
import type { Stores } from './stores.ts';

/** Builds the app and the socket of terminals, which do not listen yet. */
export function composeHttp(
  context: Context,
  { stores, agents, services }: { stores: Stores; agents: Agents; services: Services },
  {
    addresses,
    defaultProject,
    tunnel,
  }: { addresses: ServerAddresses; defaultProject: string; tunnel: Tunnel },
) {
  const { config, log, now, packageRoot, warn } = context;
  const { agent, prompts, terminals } = agents;
  const { conversations, directory, undo, projects, pushes } = services;
  const { credentials, journal, turns } = stores;
  const instance = randomUUID();
  const localAccess = createLocalAccess({ file: config.stateFile, instance, warn });
  const client = createClientAddress(() => addresses.tunnelPort);
  const guard = createGuard({
    names: () => [...config.ALLOWED_HOSTS, ...tunnelHosts(tunnel)],
    isTunnelled: client.isTunnelled,
  });
  const openResponses = createOpenResponses();
  const tickets = createTerminalTickets({ now });
  const hosts = new Map([['local', directory]]);
  const isKnown = (id: string) => credentials.list().some((credential) => credential.id === id);
  const terminalSocket = createTerminalSocket({ hosts, tickets, guard, openResponses, isKnown, warn });
  const app = createApp({
    ...{ hosts, agent, conversations, prompts, journal, credentials, undo, projects, pushes, instance },
    ...{ localAccess, client, guard, openResponses, tickets },
    archive: terminals.archive,
    terminalPrompts: terminals.terminalPrompts,
    pairings: createPairings({ now }),
    metrics: createMetrics({ conversations, live: agent.live, prompts, turns, journal }),
    tunnel,
    checkPassword: createPasswordCheck({
      username: config.AUTH_USERNAME,
      password: stores.password,
      limit: createLoginLimit(),
    }),
    username: config.AUTH_USERNAME,
    pageFolder: join(packageRoot, 'dist', 'frontend'),
    page: createPage({ folder: join(packageRoot, 'dist'), warn }),
    version: context.version,
    startedAt: now(),
    project: defaultProject,
    host: config.HOST,
    limits: {
      maxConcurrentTurns: config.maxConcurrentTurns,
      maxQueuedTurns: config.MAX_QUEUED_TURNS,
      timeoutS: config.CLAUDE_TIMEOUT_S,
    },
    storageTrouble: stores.storageTrouble,
    storageNotes: context.storageNotes.all,
    newRequestId: () => nanoid(12),
    onFault: (error, requestId) => log.error({ err: error, request_id: requestId }, 'a request failed'),
    checkAnswers: context.checkAnswers,
  });
  return { app, localAccess, openResponses, terminalSocket };
}

function tunnelHosts(tunnel: Tunnel): string[] {
  const { url } = tunnel.status();
  return url ? [new URL(url).hostname] : [];
}

export type Http = ReturnType<typeof composeHttp>;
