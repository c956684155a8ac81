import { AppError } from '../../app-error.ts';
import type { SessionLeases } from '../../session/lease.ts';
import { claudeHome } from '../../transcript-file/paths.ts';
import type { Agent } from '../port.ts';
import { ScriptedSessions } from './sessions.ts';

/**
 * An agent inside this process, for tests of everything above the port. It asks the same model server as
 * the real CLI, so that the script in a message decides what it does. What needs no process, it leaves to `base`.
 */
export function createScriptedAgent(deps: {
  base: Agent;
  env: Readonly<Record<string, string>>;
  live: { limit: number; idleMs: number };
  leases: SessionLeases;
  now(): Date;
}): Agent & { crash(sessionId: string): void } {
  const { base, env, now, leases } = deps;
  const sessions = new ScriptedSessions({
    ...deps.live,
    env,
    now,
    leases,
    home: claudeHome(env),
    async checkFree(sessionId) {
      const other = (await base.listLiveSessions()).find((live) => live.sessionId === sessionId);
      if (other) throw new AppError('session_busy', `Session ${sessionId} is open in process ${other.pid}.`);
    },
  });
  return {
    ...base,
    live: {
      warm: (launch) => sessions.warm(launch),
      isOpen: (sessionId) => sessions.isOpen(sessionId),
      counts: () => sessions.counts(),
      adjust: (sessionId, changes) => sessions.adjust(sessionId, changes),
      readOutputTails: (sessionId) => sessions.readOutputTails(sessionId),
      stopTask: (sessionId, taskId) => sessions.stopTask(sessionId, taskId),
      release: (sessionId) => sessions.release(sessionId),
      close: (sessionId) => sessions.close(sessionId),
      listen: (listener) => sessions.listen(listener),
    },
    run: (spec, onOutput) => sessions.run(spec, onOutput),
    getStatus: async () => ({
      found: true,
      path: '/scripted',
      version: 'scripted',
      logged_in: true,
      hint: null,
    }),
    crash: (sessionId) =>
      sessions.crash(sessionId, {
        kind: 'failure',
        code: 'agent_killed',
        detail: 'The agent was ended by SIGKILL before it answered.',
        cost: null,
        exit: { code: null, signal: 'SIGKILL' },
      }),
    async dispose() {
      await sessions.dispose();
      await base.dispose();
    },
  };
}
