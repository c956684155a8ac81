import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  execFile,
  execFileSync,
  spawn,
} from 'node:child_process';
import { stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { isExhaustion } from './exhaustion.ts';

/** A program that runs, with its three streams. */
export type Started = ChildProcessWithoutNullStreams;

/** A program was not started, and nothing of it is left. */
export class StartError extends Error {
  /** The system's own word: ENOENT, EACCES, EMFILE, E2BIG, … */
  readonly code: string;
  readonly program: string;
  /** The folder that it was to work in does not exist. Node reports that as a missing program. */
  readonly isFolderMissing: boolean;

  constructor(program: string, cause: unknown, isFolderMissing = false) {
    super(`${program} cannot be started: ${(cause as Error)?.message ?? cause}`, { cause });
    this.name = 'StartError';
    this.code = codeOf(cause as NodeJS.ErrnoException | undefined);
    this.program = program;
    this.isFolderMissing = isFolderMissing;
  }

  /** The machine has no more descriptors, processes or memory: it can work in a moment. */
  get isExhausted(): boolean {
    return isExhaustion(this.cause);
  }
}

/** Node has no name for some errors that the system has one for, ENOEXEC among them. */
function codeOf(cause: NodeJS.ErrnoException | undefined): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === -(cause?.errno ?? 0));
  return found?.[0] ?? cause?.code ?? 'UNKNOWN';
}

/** A program was started and ended with something other than success. */
export class ProgramError extends Error {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(
    program: string,
    cause: Error & { code?: unknown },
    output: { stdout: string; stderr: string },
  ) {
    super(output.stderr.trim() || cause.message || `${program} failed`, { cause });
    this.name = 'ProgramError';
    this.exitCode = typeof cause.code === 'number' ? cause.code : null;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Starts a program whose streams are read while it runs. Resolves when the process exists; rejects with
 * StartError in every other case. `listen` is called at once, before any output can be lost.
 */
export async function startProcess(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: Environment; detached?: boolean; listen?(child: Started): void } = {},
): Promise<Started> {
  const { listen, ...rest } = options;
  try {
    // Throws at once for E2BIG, ENOMEM and the like; ENOENT and EACCES come as an event.
    const child = spawn(program, args, { ...rest, stdio: ['pipe', 'pipe', 'pipe'] });
    const started = new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      // It stays: a signal that cannot be sent is an 'error' event as well, and one without a listener ends
      // the server.
      child.on('error', reject);
    });
    hearStreams(child);
    if (child.stdout) listen?.(child);
    await started;
    return child;
  } catch (error) {
    throw new StartError(program, error, await isMissingFolder(options.cwd));
  }
}

export type RunOptions = {
  cwd?: string;
  env?: Environment;
  /** What it gets on standard input. */
  input?: string | Uint8Array;
  timeoutMs: number;
  /** More output than this is an error. */
  maxBytes?: number;
  signal?: AbortSignal;
  /** What ends it when its time is over: git removes its lock files on SIGTERM. */
  killSignal?: NodeJS.Signals;
};

/** Runs a program to its end and gives what it printed. Rejects with StartError or ProgramError. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<{ stdout: string; stderr: string }> {
  const { stdout, stderr } = await runForBytes(program, args, options);
  return { stdout: stdout.toString(), stderr };
}

/** As `runProgram`, for output that is not text. */
export async function runForBytes(
  program: string,
  args: readonly string[],
  { cwd, env, input, timeoutMs, maxBytes = 1 << 20, signal, killSignal = 'SIGTERM' }: RunOptions,
): Promise<{ stdout: Buffer; stderr: string }> {
  const options = {
    env: env as NodeJS.ProcessEnv | undefined,
    encoding: 'buffer' as const,
    timeout: timeoutMs,
    maxBuffer: maxBytes,
    killSignal,
    ...(cwd === undefined ? {} : { cwd }),
    ...(signal ? { signal } : {}),
  };
  let wasStarted = false;
  let output: { stdout: Buffer; stderr: string } = { stdout: Buffer.alloc(0), stderr: '' };
  try {
    await new Promise<void>((resolve, reject) => {
      const child = execFile(program, args, options, (error, stdout, stderr) => {
        output = { stdout, stderr: stderr.toString() };
        if (error) reject(error);
        else resolve();
      });
      wasStarted = child.pid !== undefined;
      hearStreams(child);
      child.stdin?.end(input ?? '');
    });
    return output;
  } catch (error) {
    if (wasStarted)
      throw new ProgramError(program, error as Error, { ...output, stdout: output.stdout.toString() });
    throw new StartError(program, error, await isMissingFolder(cwd));
  }
}

/**
 * An error of a stream without a listener ends the server. One that is written to says so when the program
 * ends before it read all; all of them do when the program was not started at all (EAGAIN). The exit, or the
 * start, says why. Without a free descriptor Node gives a child that has no streams.
 */
function hearStreams({ stdin, stdout, stderr }: ChildProcess): void {
  for (const stream of [stdin, stdout, stderr]) stream?.on('error', () => {});
}

async function isMissingFolder(folder: string | undefined): Promise<boolean> {
  if (folder === undefined) return false;
  return stat(folder).then(
    (found) => !found.isDirectory(),
    // Without a descriptor to look with nothing is known of it.
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT' || error.code === 'ENOTDIR',
  );
}

/** What a short program prints, before the server starts; null if it fails in any way. */
export function readProgram(program: string, args: readonly string[]): string | null {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      timeout: 5000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return null;
  }
}
