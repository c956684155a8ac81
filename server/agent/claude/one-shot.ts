import { type ChildProcess, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { AppError } from '../../app-error.ts';
import type { AgentOutput, Run, RunEnd, RunSpec } from '../port.ts';
import { endProcessTree, processStart, turnMark } from '../process-tree.ts';
import { buildArgv, toInput } from './argv.ts';
import { createDecoder } from './decoder.ts';
import { fromExit, fromResult, type ResultLine } from './result.ts';

/** A start of the CLI keeps a core busy for about 0.4 s; after this it waits for the model. */
const startMs = 600;

/**
 * The CLI prints the results of a turn with sub-agents together, when all are done. Where one of
 * them went into the turn itself no second result follows: then this is how long it is waited for.
 */
const secondResultMs = 250;

/** How long the pipes are read on after the process has ended. */
const drainMs = 500;

const maxStderr = 16_384;

/** Starts `claude -p` for one message. `answerOf` finds the answer where the result is to something else. */
export async function startOneShot(
  spec: RunSpec,
  deps: {
    binary: string;
    env: Readonly<Record<string, string>>;
    onOutput(output: AgentOutput): void;
    answerOf(result: ResultLine): Promise<string | null>;
  },
): Promise<Run> {
  const child = spawnAgent(spec, deps);
  // A program that ends at once may do so before the next line that waits: listen first.
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const started = startOf(child);
  const end = readEnd(child, spec, deps);
  await spawned(child, spec, deps.binary);
  const pid = child.pid as number;
  child.stdin.on('error', () => {}); // It ended without reading: its exit says why.
  child.stdin.end(toInput(spec.message, spec.literal));
  const pidStart = await processStart(pid);
  let stopping: Promise<void> | null = null;
  return {
    pid,
    pidStart,
    started,
    end,
    exited,
    stop() {
      stopping ??= endProcessTree(pid, spec.turnId).then(() => {
        // A process that left the group can hold the pipes open; nothing more is read from them.
        child.stdout.destroy();
        child.stderr.destroy();
      });
      return stopping;
    },
  };
}

function spawnAgent(spec: RunSpec, deps: { binary: string; env: Readonly<Record<string, string>> }) {
  try {
    return spawn(deps.binary, buildArgv(spec), {
      cwd: spec.project,
      env: { ...deps.env, [turnMark]: spec.turnId },
      // A group of its own, so that a stop reaches all of it and the server's own Ctrl-C none.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  } catch (error) {
    // Arguments that are too long are thrown at once; most other faults come as an event.
    throw new AppError('agent_not_found', `${deps.binary} cannot be started: ${(error as Error).message}.`, { cause: error });
  }
}

function startOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, startMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.once('data', done);
    child.once('close', done);
  });
}

/** Resolves when the process exists. Node reports a missing folder as a missing binary. */
async function spawned(child: ChildProcess, spec: RunSpec, binary: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
  } catch (error) {
    const isFolder = await stat(spec.project)
      .then((found) => found.isDirectory())
      .catch(() => false);
    if (!isFolder) throw new AppError('project_not_found', `The project folder ${spec.project} does not exist.`, { cause: error });
    throw new AppError('agent_not_found', `${binary} cannot be started: ${(error as Error).message}.`, { cause: error });
  }
}

function readEnd(
  child: ChildProcess,
  spec: RunSpec,
  deps: { onOutput(output: AgentOutput): void; answerOf(result: ResultLine): Promise<string | null> },
): Promise<RunEnd> {
  const decoder = createDecoder();
  const utf8 = new StringDecoder('utf8');
  let stderr = '';

  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const fail = (error: unknown) => {
      clearTimeout(timer);
      // Nobody reads what it does from here on.
      if (child.pid !== undefined) void endProcessTree(child.pid, spec.turnId);
      resolve({ kind: 'failure', code: 'agent_failed', detail: `The output of claude could not be read: ${(error as Error).message}` });
    };
    const finish = (result: ResultLine) => {
      clearTimeout(timer);
      withRightAnswer(result, spec, deps).then(resolve, fail);
    };
    const read = (decode: () => AgentOutput[]) => {
      try {
        take(decode());
      } catch (error) {
        // A line of a shape that no version had so far is the end of this turn, and of nothing else.
        fail(error);
      }
    };
    const take = (outputs: AgentOutput[]) => {
      for (const output of outputs) deps.onOutput(output);
      const result = decoder.result();
      if (!result) return;
      if (decoder.isFinal()) finish(result);
      else timer ??= setTimeout(() => finish(decoder.result() as ResultLine), secondResultMs);
    };
    child.stdout?.on('data', (chunk: Buffer) => read(() => decoder.push(utf8.write(chunk))));
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < maxStderr) stderr += chunk.toString('utf8');
    });
    const conclude = (code: number | null, signal: string | null) => {
      read(() => decoder.finish());
      const result = decoder.result();
      if (result) finish(result);
      else resolve(fromExit({ code, signal, stderr }));
    };
    child.once('close', conclude);
    // A program that the agent left running can hold the pipes open for as long as it likes.
    child.once('exit', (code, signal) => setTimeout(() => setImmediate(conclude, code, signal), drainMs).unref());
  });
}

/**
 * In the json format a background shell that outlives the answer makes a result of its own, and only
 * that one is printed. The answer to the message is then in the transcript.
 */
async function withRightAnswer(result: ResultLine, spec: RunSpec, deps: { answerOf(result: ResultLine): Promise<string | null> }): Promise<RunEnd> {
  const end = fromResult(result);
  if (end.kind !== 'answer' || spec.follow || result.origin?.kind !== 'task-notification') return end;
  const answer = await deps.answerOf(result).catch(() => null);
  return answer === null ? end : { ...end, response: answer };
}
