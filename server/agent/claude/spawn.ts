import { AppError } from '../../app-error.ts';
import { StartError, type Started, startProcess } from '../../util/child-process.ts';
import { type Descendants, followDescendants } from '../descendants.ts';
import type { ProcessRegistry } from '../port.ts';
import { endTaggedProcesses, processStart, turnMark } from '../process-tree.ts';

const maxStderr = 16_384;

/** A process of the CLI that exists. */
export type AgentChild = {
  child: Started;
  pid: number;
  /** What it started, also what has left its group and dropped its mark. */
  descendants: Descendants;
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
 * it lives. Throws AppError `agent_not_found`, `project_not_found` or `machine_exhausted`.
 */
export async function spawnCli(deps: {
  binary: string;
  argv: readonly string[];
  project: string;
  env: Readonly<Record<string, string>>;
  mark: string;
  notes: ProcessRegistry;
  /** Called at once, before any output can be lost. */
  onSpawn(child: Started): void;
  /** Whether all that it was asked was answered: then what it left running is meant to run on. */
  isAnswered(): boolean;
}): Promise<AgentChild> {
  const { mark, notes } = deps;
  // Before it exists: after a crash in between it is found by the mark.
  notes.record({ spawnTag: mark, pid: null, pidStart: null });
  let stderr = '';
  let descendants: Descendants | undefined;
  let exited: Promise<Exit> | undefined;
  let closed: Promise<Exit> | undefined;
  const listen = (child: Started) => {
    // A program that ends at once may do so before the start is waited for.
    exited = once(child, 'exit').then(async (exit) => {
      try {
        // A CLI that was killed, or that gave up, leaves its tools: each has a session of its own.
        if (exit.code !== 0 || !deps.isAnswered()) await endTaggedProcesses(mark, descendants);
      } catch {
        // The system cannot be asked now. Nobody may wait for that for ever; the next start ends what is left.
        return exit;
      } finally {
        descendants?.stop();
      }
      notes.remove(mark);
      return exit;
    });
    closed = once(child, 'close');
    deps.onSpawn(child);
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < maxStderr) stderr += chunk.toString('utf8');
    });
  };
  try {
    const child = await startProcess(deps.binary, deps.argv, {
      cwd: deps.project,
      env: { ...deps.env, [turnMark]: mark },
      // A group of its own, so that a stop reaches all of it and the server's own Ctrl-C none.
      detached: true,
      listen,
    });
    const pid = child.pid as number;
    descendants = followDescendants(pid);
    processStart(pid).then(
      (pid_start) => {
        if (child.exitCode === null && child.signalCode === null)
          notes.record({ spawnTag: mark, pid, pidStart: pid_start });
      },
      () => {}, // It is found by its mark.
    );
    return {
      child,
      pid,
      descendants,
      stderr: () => stderr,
      exited: exited as Promise<Exit>,
      closed: closed as Promise<Exit>,
    };
  } catch (error) {
    notes.remove(mark);
    throw error instanceof StartError ? toAppError(error, deps.project) : error;
  }
}

function once(child: Started, event: 'exit' | 'close'): Promise<Exit> {
  return new Promise((resolve) => {
    child.once(event, (code: number | null, signal: string | null) => resolve({ code, signal }));
  });
}

/** Says to a person why the CLI was not started. */
export function toAppError(error: StartError, project: string): AppError {
  const more = { cause: error };
  if (error.isExhausted) return new AppError('machine_exhausted', `${error.message}.`, more);
  if (error.isFolderMissing)
    return new AppError('project_not_found', `The project folder ${project} does not exist.`, more);
  if (error.code === 'E2BIG') {
    const detail =
      'The arguments of the agent are too long: shorten json_schema, extra_args or allowed_tools.';
    return new AppError('invalid_request', detail, more);
  }
  return new AppError('agent_not_found', `${error.message}.`, more);
}
