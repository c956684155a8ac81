import type { createClaude } from '../../../server/agent/claude/claude.ts';
import { SessionLeases } from '../../../server/session/lease.ts';
import { packageRoot } from '../../helper/server.ts';

/** The parts of an engine that is not part of a server. */
export const claudeDeps = (env: Record<string, string>): Parameters<typeof createClaude>[0] => ({
  bin: '',
  packageRoot,
  env,
  leases: new SessionLeases(),
  notes: { record: () => {}, remove: () => {} },
  live: { limit: 2, idleMs: 60_000 },
  stallMs: 60_000,
  now: () => new Date(),
});
