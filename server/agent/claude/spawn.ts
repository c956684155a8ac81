import { AppError } from '../../app-error.ts';
import { StartError, type Started, startProcess } from '../../util/child-process.ts';
import { createDeferred } from '../../util/deferred.ts';
import { type Descendants, followDescendants } from '../descendants.ts';
import type { ProcessRegistry } from '../port.ts';
import { endTaggedProcesses, processStart, turnMark } from '../process-tree.ts';

const maxStderr = 16_384;

/** How long a process may take to exit after its standard input broke: then its exit says why. */
const exitMs = 1000;

/** A running process of the CLI. */
export type AgentChild = {
  child: Started;
  pid: number;
  /** What it started, including what has left its group and dropped its tag. */
  descendants: Descendants;
  /** The first part of its standard error. */
  stderr(): string;
  /** Resolves when the process and its tools have ended; its pipes can be open for longer. */
  exited: Promise<Exit>;
  /** Resolves when its pipes are closed as well. */
  closed: Promise<Exit>;
};

export type Exit = { code: number | null; signal: string | null };

export type SpawnOptions = {
  binary: string;
  argv: readonly string[];
  project: string;
  env: Readonly<Record<string, string>>;
  spawnTag: string;
  notes: ProcessRegistry;
  /** Called at once, before any output can be lost. */
  onSpawn(child: Started): void;
  /** A stream of a process that still runs broke: what it says, or is sent, is lost. */
  onBrokenStream(error: Error): void;
  /** Whether everything that the process was asked was answered: then what it left running is meant to continue. */
  isAnswered(): boolean;
};

/**
 * Starts the CLI in a project. Everything that it starts carries `spawnTag`, and the process is registered under it
 * while it lives. Throws AppError `agent_not_found`, `project_not_found` or `machine_exhausted`.
 */
export async function spawnCli(options: SpawnOptions): Promise<AgentChild> {
  const { notes, spawnTag, project } = options;
  // Before it exists: after a crash in between it is found by the tag.
  notes.record({ spawnTag, pid: null, pidStart: null });
  const spawning = new SpawningCli(options);
  try {
    const child = await startProcess(options.binary, options.argv, {
      cwd: project,
      env: { ...options.env, [turnMark]: spawnTag },
      // A separate group, so that a stop reaches all of it and the server's own Ctrl-C none.
      detached: true,
      listen: (value) => spawning.listen(value),
    });
    return spawning.toAgentChild(child);
  } catch (error) {
    notes.remove(spawnTag);
    throw error instanceof StartError ? toAppError(error, project) : error;
  }
}

/** Listens to a process from its first moment: it may end before its start is reported. */
class SpawningCli {
  readonly #options: SpawnOptions;
  readonly #exited = createDeferred<Exit>();
  readonly #closed = createDeferred<Exit>();
  #stderr = '';
  #descendants: Descendants | undefined;

  constructor(options: SpawnOptions) {
    this.#options = options;
  }

  listen(child: Started): void {
    this.#exited.resolve(waitForEvent(child, 'exit').then((exit) => this.#endTools(exit)));
    this.#closed.resolve(waitForEvent(child, 'close'));
    this.#options.onSpawn(child);
    this.#watchStreams(child);
    child.stderr.on('data', (chunk: Buffer) => {
      if (this.#stderr.length < maxStderr) this.#stderr += chunk.toString('utf8');
    });
  }

  #watchStreams(child: Started): void {
    const { onBrokenStream } = this.#options;
    for (const stream of [child.stdout, child.stderr]) stream.on('error', onBrokenStream);
    child.stdin.on('error', (error) => {
      setTimeout(() => {
        if (child.exitCode === null && child.signalCode === null) onBrokenStream(error);
      }, exitMs).unref();
    });
  }

  toAgentChild(child: Started): AgentChild {
    const pid = child.pid as number;
    this.#descendants = followDescendants(pid);
    void this.#registerStart(child, pid);
    return {
      child,
      pid,
      descendants: this.#descendants,
      stderr: () => this.#stderr,
      exited: this.#exited.promise,
      closed: this.#closed.promise,
    };
  }

  async #registerStart(child: Started, pid: number): Promise<void> {
    const { spawnTag, notes } = this.#options;
    // Without a start time it is found by its tag.
    const pidStart = await processStart(pid).catch(() => null);
    if (pidStart !== null && child.exitCode === null && child.signalCode === null)
      notes.record({ spawnTag, pid, pidStart });
  }

  /** A CLI that was killed, or that gave up, leaves its tools: each has a separate session. */
  async #endTools(exit: Exit): Promise<Exit> {
    const { spawnTag, notes, isAnswered } = this.#options;
    try {
      if (exit.code !== 0 || !isAnswered()) await endTaggedProcesses(spawnTag, this.#descendants);
    } catch {
      // The system cannot be asked now. Callers must not wait for that; the next start ends what is left.
      return exit;
    } finally {
      this.#descendants?.stop();
    }
    notes.remove(spawnTag);
    return exit;
  }
}

function waitForEvent(child: Started, event: 'exit' | 'close'): Promise<Exit> {
  return new Promise((resolve) => {
    child.once(event, (code: number | null, signal: string | null) => resolve({ code, signal }));
  });
}

/** Tells a person why the CLI did not start. */
function toAppError(error: StartError, project: string): AppError {
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
