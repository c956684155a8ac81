import { AppError } from '../../app-error.ts';
import type { SessionLeases } from '../../session/lease.ts';
import type { Agent, Launch, ProcessRegistry, RunSpec, TerminalLaunch } from '../port.ts';
import { endLeftoverTree } from '../process-tree.ts';
import { buildTerminalArgv } from './argv.ts';
import { CapabilityMenus } from './capabilities.ts';
import { ClaudeCli, type ClaudeCliOptions } from './cli.ts';
import { checkCommand } from './command.ts';
import { LiveProcess } from './live/live-process.ts';
import { LivePool, type LivePoolDeps } from './live/pool.ts';
import { getPromptKind } from './live/reply.ts';
import { readLiveSessions } from './live-sessions.ts';
import { answerFirstStart } from './onboarding.ts';
import { runOnce } from './run-once.ts';
import { ClaudeSessions } from './sessions.ts';
import { ClaudeTranscripts } from './transcripts.ts';

export type ClaudeOptions = ClaudeCliOptions & {
  notes: ProcessRegistry;
  leases: SessionLeases;
  live: { limit: number; idleMs: number };
  stallMs: number;
};

/** Modes in which the CLI asks a person before it continues. */
const isAskingMode = (mode: string) => ['default', 'manual', 'plan', 'auto'].includes(mode);

/** A one-shot run cannot prompt, take attachments, or pause between steps. */
const needsLiveProcess = (spec: RunSpec, liveLimit: number) =>
  isAskingMode(spec.permissionMode) || spec.attachments.length > 0 || (spec.budget !== null && liveLimit > 0);

/** Claude Code, by its command line. */
export function createClaude(options: ClaudeOptions): Agent {
  const cli = new ClaudeCli(options);
  const sessions = new ClaudeSessions(cli.home);
  const menus = new CapabilityMenus();
  const startLive = async (
    launch: Launch,
    on: Parameters<LivePoolDeps['start']>[1],
  ): Promise<LiveProcess> => {
    const [binary, before] = await Promise.all([cli.requireBinary(), sessions.readBefore(launch)]);
    const process = await LiveProcess.start({ ...options, ...on, ...before, env: cli.env, binary, launch });
    // The start error is reported to the next caller of `run`.
    process.ready.then((answer) => menus.store(launch.project, answer)).catch(() => {});
    return process;
  };
  const pool = new LivePool({
    ...options.live,
    leases: options.leases,
    now: options.now,
    requireFree: (sessionId, ownPid) => sessions.requireFree(sessionId, ownPid),
    findTranscript: (sessionId, project) => sessions.findTranscript(sessionId, project),
    start: startLive,
  });
  return {
    live: pool,
    transcripts: new ClaudeTranscripts(cli.home),
    getStatus: () => cli.getStatus(),
    async run(spec, onOutput) {
      if (needsLiveProcess(spec, options.live.limit) || (await pool.canTake(spec)))
        return pool.run(spec, onOutput, isAskingMode(spec.permissionMode));
      await pool.release(spec.sessionId);
      return runOnce(spec, onOutput, { ...options, cli, sessions, listener: () => pool.listeners });
    },
    checkMessage: checkCommand,
    getPromptKind,
    getCapabilities: (project) => menus.get(project),
    // A list that fails now is read again later; `requireFree` decides who may write.
    listLiveSessions: () => readLiveSessions(cli.home).catch(() => []),
    getTerminalCommand: (launch) => prepareTerminal(cli, launch),
    requireFree: (sessionId) => sessions.requireFree(sessionId),
    killOrphan: endLeftoverTree,
    async dispose() {
      cli.dispose();
      await pool.dispose();
    },
  };
}

async function prepareTerminal(cli: ClaudeCli, launch: TerminalLaunch): Promise<readonly string[]> {
  const [binary, { logged_in, hint }] = await Promise.all([cli.requireBinary(), cli.getStatus()]);
  if (logged_in === false) throw new AppError('not_logged_in', hint ?? undefined);
  await answerFirstStart(cli.env, launch.project);
  return [binary, ...buildTerminalArgv(launch)];
}
