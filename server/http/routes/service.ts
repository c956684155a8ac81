import type { Answer } from '../../../contract/endpoint.ts';
import { attachmentLimits, maxMessageBytes } from '../../../contract/limits.ts';
import type { Agent } from '../../agent/port.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Prompts } from '../../prompt/prompts.ts';
import type { Tunnel } from '../../tunnel/port.ts';
import type { Handle } from '../handle.ts';
import { buildOpenApi } from '../openapi.ts';

export type ServiceDeps = {
  agent: Agent;
  conversations: Conversations;
  tunnel: Tunnel;
  version: string;
  /** The id of this run of the server. */
  instance: string;
  startedAt: Date;
  project: string;
  /** The address that it listens on. */
  host: string;
  limits: { maxConcurrentTurns: number; maxQueuedTurns: number; timeoutS: number };
  prompts: Prompts;
  metrics: Metrics;
  /** The last error of the disk, as a message. */
  storageTrouble(): string | null;
  /** What was found damaged, lost or renamed in this run. */
  storageNotes(): Answer<'status'>['storage']['notes'];
};

export function addHealthRoute(
  handle: Handle,
  { version, instance }: { version: string; instance: string },
): void {
  handle('health', ({ response }) => {
    // Another one after each start: by it a program knows whether it is still the same server.
    response.set('X-Switchboard-Instance', instance);
    return { status: 'healthy', service: 'switchboard', version } as const;
  });
}

export function addServiceRoutes(handle: Handle, deps: ServiceDeps): void {
  let openapi: Answer<'openapi'> | null = null;

  handle('status', async () => {
    const trouble = deps.storageTrouble();
    const { running, queued } = deps.conversations.getStats();
    const { open, limit } = deps.agent.live.counts();
    return {
      version: deps.version,
      started_at: deps.startedAt.toISOString(),
      claude: await deps.agent.getStatus(),
      project: deps.project,
      host: deps.host,
      tunnel: deps.tunnel.status(),
      turns: { running, queued },
      live: { open, limit },
      prompts: deps.prompts.list().length,
      budget_day: deps.conversations.getDayBudget(),
      storage: { writable: trouble === null, detail: trouble, notes: deps.storageNotes() },
      limits: {
        max_concurrent_turns: deps.limits.maxConcurrentTurns,
        max_queued_turns: deps.limits.maxQueuedTurns,
        timeout_s: deps.limits.timeoutS,
        max_message_bytes: maxMessageBytes,
        max_attachments: attachmentLimits.files,
        max_attachment_bytes: attachmentLimits.bytes,
      },
    };
  });

  handle('metrics', async ({ response }) => {
    const { type, text } = await deps.metrics.read();
    response.status(200).set('Content-Type', type).end(text);
    return undefined;
  });

  handle('openapi', () => {
    openapi ??= buildOpenApi(deps.version);
    return openapi;
  });
}
