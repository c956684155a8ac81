import { type Answer, maxMessageBytes } from '../../../contract/endpoint.ts';
import type { Agent } from '../../agent/port.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { Tunnel } from '../../tunnel/port.ts';
import type { Handle } from '../handle.ts';
import { buildOpenApi } from '../openapi.ts';

export type ServiceDeps = {
  agent: Agent;
  conversations: Conversations;
  tunnel: Tunnel;
  version: string;
  startedAt: Date;
  project: string;
  limits: { maxConcurrentTurns: number; maxQueuedTurns: number; timeoutS: number };
  /** What the disk last refused, in words. */
  storageTrouble(): string | null;
};

export function addHealthRoute(handle: Handle, { version }: { version: string }): void {
  handle('health', () => ({ status: 'healthy', service: 'switchboard', version }) as const);
}

export function addServiceRoutes(handle: Handle, deps: ServiceDeps): void {
  let openapi: Answer<'openapi'> | null = null;

  handle('status', async () => {
    const trouble = deps.storageTrouble();
    return {
      version: deps.version,
      started_at: deps.startedAt.toISOString(),
      claude: await deps.agent.status(),
      project: deps.project,
      tunnel: deps.tunnel.status(),
      turns: deps.conversations.counts(),
      storage: { writable: trouble === null, detail: trouble },
      limits: {
        max_concurrent_turns: deps.limits.maxConcurrentTurns,
        max_queued_turns: deps.limits.maxQueuedTurns,
        timeout_s: deps.limits.timeoutS,
        max_message_bytes: maxMessageBytes,
      },
    };
  });

  handle('openapi', () => {
    openapi ??= buildOpenApi(deps.version);
    return openapi;
  });
}
