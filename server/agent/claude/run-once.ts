import type { SessionLeases } from '../../session/lease.ts';
import { findAnswerBeforeShells } from '../../transcript/answer.ts';
import { readSince } from '../../transcript-file/page.ts';
import type { AgentOutput, LiveListener, ProcessRegistry, Run, RunSpec } from '../port.ts';
import type { ClaudeCli } from './cli.ts';
import { startOneShot } from './one-shot.ts';
import type { ResultLine } from './protocol.ts';
import type { ClaudeSessions } from './sessions.ts';

export type RunOnceDeps = {
  cli: ClaudeCli;
  sessions: ClaudeSessions;
  leases: SessionLeases;
  notes: ProcessRegistry;
  stallMs: number;
  now(): Date;
  listener(): LiveListener;
};

/** Runs a message in a separate process, which holds the session until it has exited. */
export async function runOnce(
  spec: RunSpec,
  onOutput: (output: AgentOutput) => void,
  deps: RunOnceDeps,
): Promise<Run> {
  const { cli, sessions } = deps;
  const lease = await deps.leases.acquire(spec.sessionId, 'run');
  try {
    const [binary, before] = await Promise.all([
      cli.requireBinary(),
      sessions.readBefore(spec),
      sessions.requireFree(spec.sessionId),
    ]);
    const startedAt = deps.now().toISOString();
    const findAnswer = async (result: ResultLine): Promise<string | null> => {
      const path = await sessions.requireTranscript(result.sessionId ?? spec.sessionId, spec.project);
      return findAnswerBeforeShells(await readSince(path, startedAt));
    };
    const run = await startOneShot(spec, { ...deps, ...before, binary, env: cli.env, onOutput, findAnswer });
    // A background shell that outlives the answer works in the session that /clear began.
    void run.end.then((end) => end.kind === 'answer' && lease.rename(end.sessionId));
    void run.exited.then(() => lease.release());
    return run;
  } catch (error) {
    lease.release();
    throw error;
  }
}
