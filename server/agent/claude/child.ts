import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { AppError } from '../../app-error.ts';
import type { ProcessNotes } from '../port.ts';
import { endLeftoverTree, processStart, turnMark } from '../process-tree.ts';

const maxStderr = 16_384;

/** A process of the CLI that exists. */
export type AgentChild = {
  child: ChildProcessWithoutNullStreams;
  pid: number;
  /** The beginning of what it wrote to standard error. */
  stderr(): string;
  /** Resolves with how it ended, when its tools are gone too; its pipes can be open for longer. */
  exited: Promise<Exit>;
  /** Resolves when its pipes are closed as well. */
  closed: Promise<Exit>;
};

export type Exit = { code: number | null; signal: string | null };

/**
 * Starts the CLI in a project. All that it starts carries `mark`, and the process is noted under it while
 * it lives. Throws AppError `agent_not_found` or `project_not_found`.
 */
export async function startChild(deps: {
  binary: string;
  argv: readonly string[];
  project: string;
  env: Readonly<Record<string, string>>;
  mark: string;
  notes: ProcessNotes;
  /** Called at once, before any output can be lost. */
  listen(child: ChildProcessWithoutNullStreams): void;
}): Promise<AgentChild> {
  const { mark, notes } = deps;
  // Before it exists: after a crash in between it is found by the mark.
  notes.note({ mark, pid: null, pid_start: null });
  let stderr = '';
  try {
    const child = start(deps);
    // A program that ends at once may do so before the next line that waits: listen first.
    const exited = once(child, 'exit').then(async (exit) => {
      // A CLI that was killed leaves its tools: each has a session of its own.
      if (exit.code !== 0) await endLeftoverTree({ mark, pid: null, pid_start: null });
      notes.gone(mark);
      return exit;
    });
    const closed = once(child, 'close');
    deps.listen(child);
    child.stdin.on('error', () => {}); // It ended without reading: its exit says why.
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < maxStderr) stderr += chunk.toString('utf8');
    });
    await spawned(child, deps);
    const pid = child.pid as number;
    void processStart(pid).then((pid_start) => {
      if (child.exitCode === null && child.signalCode === null) notes.note({ mark, pid, pid_start });
    });
    return { child, pid, stderr: () => stderr, exited, closed };
  } catch (error) {
    notes.gone(mark);
    throw error;
  }
}

function once(child: ChildProcessWithoutNullStreams, event: 'exit' | 'close'): Promise<Exit> {
  return new Promise((resolve) => {
    child.once(event, (code: number | null, signal: string | null) => resolve({ code, signal }));
  });
}

function start(deps: { binary: string; argv: readonly string[]; project: string; env: Readonly<Record<string, string>>; mark: string }) {
  try {
    return spawn(deps.binary, deps.argv, {
      cwd: deps.project,
      env: { ...deps.env, [turnMark]: deps.mark },
      // A group of its own, so that a stop reaches all of it and the server's own Ctrl-C none.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  } catch (error) {
    // Arguments that are too long are thrown at once; most other faults come as an event.
    throw new AppError('agent_not_found', `${deps.binary} cannot be started: ${(error as Error).message}.`, { cause: error });
  }
}

/** Resolves when the process exists. Node reports a missing folder as a missing binary. */
async function spawned(child: ChildProcessWithoutNullStreams, { project, binary }: { project: string; binary: string }): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
  } catch (error) {
    const isFolder = await stat(project)
      .then((found) => found.isDirectory())
      .catch(() => false);
    if (!isFolder) throw new AppError('project_not_found', `The project folder ${project} does not exist.`, { cause: error });
    throw new AppError('agent_not_found', `${binary} cannot be started: ${(error as Error).message}.`, { cause: error });
  }
}
