import { AppError } from '../../app-error.ts';
import type { SessionLeases } from '../../session/lease.ts';
import { findAnswerBeforeShells } from '../../transcript/answer.ts';
import { readCost, readSince } from '../../transcript-file/page.ts';
import { claudeHome, findTranscript } from '../../transcript-file/paths.ts';
import type {
  Agent,
  AgentMenu,
  AgentOutput,
  AgentStatus,
  Launch,
  ProcessRegistry,
  Run,
  RunSpec,
} from '../port.ts';
import { endLeftoverTree } from '../process-tree.ts';
import { toCapabilities } from './capabilities.ts';
import { checkCommand } from './command.ts';
import { startLiveProcess } from './live/live-process.ts';
import { LivePool } from './live/pool.ts';
import { getPromptKind } from './live/reply.ts';
import { findLiveProcess, readLiveSessions } from './live-sessions.ts';
import { locateClaude } from './locate.ts';
import { answerFirstStart } from './onboarding.ts';
import { startOneShot } from './one-shot.ts';
import { probeClaude } from './probe.ts';
import { ClaudeTranscripts } from './transcripts.ts';

const statusForMs = 60_000;

/** Delays of 0.5, 1, 2, 4 and 8 s; the CLI's own ten retries keep a person waiting for three minutes. */
const maxRetries = '5';

/** Modes in which the CLI would ask somebody before it goes on. */
const canPrompt = (mode: string) => ['default', 'manual', 'plan', 'auto'].includes(mode);

/** Claude Code, by its command line. */
export function createClaude(deps: {
  bin: string;
  packageRoot: string;
  env: Readonly<Record<string, string>>;
  notes: ProcessRegistry;
  leases: SessionLeases;
  live: { limit: number; idleMs: number };
  stallMs: number;
  now(): Date;
}): Agent {
  const env: Record<string, string> = {
    CLAUDE_CODE_MAX_RETRIES: maxRetries,
    CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
    ...deps.env,
  };
  const home = claudeHome(env);
  const locate = () =>
    locateClaude({ bin: deps.bin, path: env['PATH'] ?? '', packageRoot: deps.packageRoot });
  const ending = new AbortController();
  const menus = new Map<string, AgentMenu>();
  let newestMenu: AgentMenu | null = null;
  let remembered: { at: number; status: Promise<AgentStatus> } | null = null;

  async function requireTranscript(sessionId: string, project?: string): Promise<string> {
    const path = await findTranscript(home, sessionId, project);
    if (!path) throw new AppError('session_not_found', `There is no transcript of session ${sessionId}.`);
    return path;
  }

  async function binaryPath(): Promise<string> {
    const binary = await locate();
    if (binary) return binary;
    throw new AppError(
      'agent_not_found',
      deps.bin ? `CLAUDE_BIN=${deps.bin} is not a program that can be started.` : undefined,
    );
  }

  /** Throws AppError if a program other than the process `ownPid` has the session open. */
  async function requireFree(sessionId: string, ownPid?: number): Promise<void> {
    const pid = await findLiveProcess(home, sessionId, new Set(ownPid === undefined ? [] : [ownPid]));
    if (pid !== null) throw new AppError('session_busy', `Session ${sessionId} is open in process ${pid}.`);
  }

  /** What there is of a session before a process of it starts. */
  async function readSessionBefore({
    sessionId,
    project,
  }: Launch): Promise<{ isNew: boolean; costBefore: number }> {
    const path = await findTranscript(home, sessionId, project);
    return { isNew: path === null, costBefore: path ? await readCost(path).catch(() => 0) : 0 };
  }

  function probe(): Promise<AgentStatus> {
    const at = deps.now().getTime();
    if (!remembered || at - remembered.at > statusForMs)
      remembered = { at, status: locate().then((binary) => probeClaude(binary, env, ending.signal)) };
    return remembered.status;
  }

  const pool = new LivePool({
    ...deps.live,
    leases: deps.leases,
    now: deps.now,
    requireFree,
    findTranscript: (sessionId, project) => findTranscript(home, sessionId, project),
    async start(launch, on) {
      const [binary, before] = await Promise.all([binaryPath(), readSessionBefore(launch)]);
      const process = await startLiveProcess({ ...deps, ...on, ...before, env, binary, launch });
      process.ready.then(
        (answer) => {
          newestMenu = toCapabilities(answer);
          menus.set(launch.project, newestMenu);
        },
        () => {}, // Who sends it a message is told why it did not start.
      );
      return process;
    },
  });

  /** A run of its own can neither ask a person, nor take a file, nor be held at a step. */
  const needsLive = (spec: RunSpec) =>
    canPrompt(spec.permissionMode) ||
    spec.attachments.length > 0 ||
    (spec.budget !== null && deps.live.limit > 0);

  /** Runs a message in a process of its own, which holds the session until it has exited. */
  async function runOnce(spec: RunSpec, onOutput: (output: AgentOutput) => void): Promise<Run> {
    const lease = await deps.leases.acquire(spec.sessionId, 'run');
    try {
      const [binary, before] = await Promise.all([
        binaryPath(),
        readSessionBefore(spec),
        requireFree(spec.sessionId),
      ]);
      const startedAt = deps.now().toISOString();
      const run = await startOneShot(spec, {
        ...deps,
        ...before,
        binary,
        env,
        onOutput,
        listener: () => pool.listeners,
        async findAnswer(result) {
          const path = await requireTranscript(result.session_id ?? spec.sessionId, spec.project);
          return findAnswerBeforeShells(await readSince(path, startedAt));
        },
      });
      // A background shell that outlives the answer works in the session that /clear began.
      void run.end.then((end) => end.kind === 'answer' && lease.rename(end.sessionId));
      void run.exited.then(() => lease.release());
      return run;
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  return {
    live: pool,
    transcripts: new ClaudeTranscripts(home),
    getStatus: probe,
    async run(spec, onOutput) {
      if (needsLive(spec) || (await pool.canTake(spec)))
        return pool.run(spec, onOutput, canPrompt(spec.permissionMode));
      await pool.release(spec.sessionId);
      return runOnce(spec, onOutput);
    },
    checkMessage: checkCommand,
    getPromptKind,
    getCapabilities: (project) => menus.get(project) ?? newestMenu,
    listLiveSessions: () => readLiveSessions(home),
    async getTerminalCommand({
      sessionId,
      isNew,
      project,
      name,
      model,
      permissionMode,
      extraArgs,
      settings,
    }) {
      const [binary, { logged_in, hint }] = await Promise.all([binaryPath(), probe()]);
      if (logged_in === false) throw new AppError('not_logged_in', hint ?? undefined);
      await answerFirstStart(env, project);
      const options = [
        '--permission-mode',
        permissionMode,
        ...(model ? ['--model', model] : []),
        ...(name ? ['--name', name] : []),
      ];
      if (settings) options.push('--settings', settings);
      return [binary, isNew ? '--session-id' : '--resume', sessionId, ...options, ...extraArgs];
    },
    requireFree: (sessionId) => requireFree(sessionId),
    killOrphan: endLeftoverTree,
    async dispose() {
      ending.abort();
      await pool.dispose();
    },
  };
}
