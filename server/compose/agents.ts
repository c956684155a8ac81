import { createClaude } from '../agent/claude/claude.ts';
import type { Conversations } from '../conversation/conversations.ts';
import { ServerEventBus } from '../events.ts';
import { lookAtPaths } from '../project/inspect-paths.ts';
import { resolveFile } from '../project/resolve-file.ts';
import { Prompts } from '../prompt/prompts.ts';
import { SessionLeases } from '../session/lease.ts';
import { HeadlessRecorder } from '../session-record/headless-recorder.ts';
import { createTerminals } from '../terminal/terminals.ts';
import type { ServerAddresses } from './addresses.ts';
import { type Context, newPromptId, newRecordId } from './context.ts';
import type { Stores } from './stores.ts';

/**
 * Builds the agent, its terminals and its prompts. They know conversations only by `conversations`, which is first
 * called when the server listens.
 */
export function composeAgents(
  context: Context,
  stores: Stores,
  { addresses, conversations }: { addresses: ServerAddresses; conversations(): Conversations },
) {
  const { config, now, packageRoot, warn } = context;
  const leases = new SessionLeases();
  const events = new ServerEventBus();
  const claude = (context.createAgent ?? createClaude)({
    bin: config.CLAUDE_BIN,
    packageRoot,
    env: config.agentEnv,
    notes: stores.processRegistry,
    leases,
    live: { limit: config.liveProcesses, idleMs: config.LIVE_IDLE_S * 1000 },
    stallMs: config.STALL_S * 1000,
    now,
  });
  const headlessRecorder = new HeadlessRecorder({
    store: stores.sessionRecordStore,
    agent: claude,
    nameOf: (sessionId) => conversations().mapBySession().get(sessionId)?.id ?? null,
    warn,
    now,
    newId: newRecordId,
  });
  const { agent } = headlessRecorder;
  const prompts = new Prompts({
    store: stores.promptStore,
    timeoutS: config.PROMPT_TIMEOUT_S === '' ? null : config.PROMPT_TIMEOUT_S,
    resolveFile,
    lookAtPaths,
    onPlanAccepted: (convId, mode) => events.emit('plan.accepted', convId, mode),
    warn,
    now,
    newId: newPromptId,
  });
  const terminals = createTerminals({
    dataFolder: config.dataFolder,
    env: config.agentEnv,
    store: stores.sessionRecordStore,
    newId: newRecordId,
    agent,
    prompts,
    leases,
    events,
    conversations,
    url: () => addresses.localUrl,
    warn,
    now,
  });
  return { leases, events, agent, prompts, headlessRecorder, terminals };
}

export type Agents = ReturnType<typeof composeAgents>;
