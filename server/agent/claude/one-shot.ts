import { AppError } from '../../app-error.ts';
import { createDeferred } from '../../util/deferred.ts';
import { toInput } from '../../util/input-text.ts';
import type { AgentOutput, LiveListener, ProcessRegistry, Run, RunEnd, RunSpec } from '../port.ts';
import { endProcessTree } from '../process-tree.ts';
import { buildArgv } from './argv.ts';
import { BackgroundWork } from './background.ts';
import { decodeLine } from './decoder.ts';
import { createLineReader } from './line-reader.ts';
import type { CliLine, ResultLine } from './protocol.ts';
import { costSince, fromExit, fromResult } from './result.ts';
import { type AgentChild, type Exit, spawnCli } from './spawn.ts';
import { StallWatch } from './stall-watch.ts';

/** A start of the CLI keeps a core busy for about 0.4 s; after this it waits for the model. */
const startMs = 600;

/**
 * The CLI prints the results of a turn with sub-agents together, when all are done. If the turn itself used the
 * work of one, no second result follows: this is how long to wait for it.
 */
const secondResultMs = 250;

/** How long to read the pipes after the process has ended. */
const drainMs = 500;

type Failure = Extract<RunEnd, { kind: 'failure' }>;

type OneShotDeps = {
  binary: string;
  /** The session does not exist yet. */
  isNew: boolean;
  /** What the session had cost before (USD), as the CLI counts. */
  costBefore: number;
  env: Readonly<Record<string, string>>;
  notes: ProcessRegistry;
  /** A followed run that is silent for this long while no tool runs has stalled. */
  stallMs: number;
  onOutput(output: AgentOutput): void;
  /** Receives the background work, as far as the output reports it. */
  listener(): LiveListener | null;
  now(): Date;
  /** Finds the answer if the result answers something else. */
  findAnswer(result: ResultLine): Promise<string | null>;
};

/** Starts `claude -p` for one message. */
export async function startOneShot(spec: RunSpec, deps: OneShotDeps): Promise<Run> {
  const output = new OneShotOutput(spec, deps);
  const agentChild = await spawnCli({
    ...deps,
    argv: buildArgv(spec, deps.isNew),
    project: spec.project,
    spawnTag: spec.turnId,
    isAnswered: () => output.isAnswered,
    onBrokenStream: (error) => output.failUnreadable(error),
    onSpawn(child) {
      child.stdout.on('data', (chunk: Buffer) => output.handleChunk(chunk));
    },
  });
  const { child, pid, descendants } = agentChild;
  child.stdin.end(toInput(spec.message, spec.literal));
  let stopping: Promise<void> | null = null;
  const stop = () => {
    stopping ??= endProcessTree(pid, spec.turnId, descendants).then(() => {
      // A process that left the group can hold the pipes open; nothing more is read from them.
      child.stdout.destroy();
      child.stderr.destroy();
    });
    return stopping;
  };
  output.followExit(agentChild);
  // Once the run has failed, nothing reads what its process does.
  void output.failed.then(stop);
  return {
    started: waitForStart(agentChild),
    end: output.end,
    exited: agentChild.exited.then(() => {}),
    stop,
    steer: null,
  };
}

function waitForStart({ child, closed }: AgentChild): Promise<void> {
  const { promise, resolve } = createDeferred<void>();
  const timer = setTimeout(resolve, startMs);
  const finish = () => {
    clearTimeout(timer);
    resolve();
  };
  child.stdout.once('data', finish);
  void closed.then(finish);
  return promise;
}

/** Reads the output of a run to its end. */
class OneShotOutput {
  readonly #spec: RunSpec;
  readonly #deps: OneShotDeps;
  readonly #reader = createLineReader();
  /** Run ids of sub-agents in the background whose work no result has used yet. */
  readonly #awaitedRuns = new Set<string>();
  readonly #openTools = new Set<string>();
  readonly #background: BackgroundWork;
  readonly #end = createDeferred<RunEnd>();
  readonly #failed = createDeferred<void>();
  readonly #stall: StallWatch;
  #result: ResultLine | null = null;
  #secondResultTimer: NodeJS.Timeout | undefined;
  #isSettled = false;

  constructor(spec: RunSpec, deps: OneShotDeps) {
    this.#spec = spec;
    this.#deps = deps;
    const { sessionId } = spec;
    this.#background = new BackgroundWork({
      now: deps.now,
      onChange: (tasks) => deps.listener()?.background(sessionId, tasks),
      onEnd: (task, status, summary) => deps.listener()?.backgroundEnded(sessionId, task, status, summary),
    });
    // The json format prints nothing before the end: there only the time limit of the turn applies.
    this.#stall = new StallWatch(
      deps.stallMs,
      () => spec.follow && !this.#openTools.size && !this.#isSettled,
      (detail) => this.#fail({ code: 'agent_stalled', detail }),
    );
  }

  get end(): Promise<RunEnd> {
    return this.#end.promise;
  }

  /** Resolves if the run fails although its process may still run. */
  get failed(): Promise<void> {
    return this.#failed.promise;
  }

  get isAnswered(): boolean {
    return this.#result !== null;
  }

  handleChunk(chunk: Buffer): void {
    this.#read(() => this.#reader.push(chunk));
  }

  /** Fails the run because of a fault in reading its output. */
  failUnreadable(fault: unknown): void {
    this.#fail({
      code: 'agent_failed',
      detail: `The output of claude could not be read: ${(fault as Error).message}`,
      fault,
    });
  }

  /** Settles the end when the process has ended. */
  followExit({ exited, closed, stderr }: AgentChild): void {
    this.#stall.restart();
    const settle = (exit: Exit) => {
      this.#read(() => [this.#reader.rest()]);
      this.#background.end();
      if (this.#result) this.#finish(this.#result);
      else this.#settle(fromExit({ ...exit, stderr: stderr() }));
    };
    void closed.then(settle);
    // A program that the agent left running can hold the pipes open for as long as it likes.
    void exited.then((exit) => setTimeout(() => setImmediate(settle, exit), drainMs).unref());
  }

  #read(readLines: () => CliLine[]): void {
    try {
      for (const line of readLines()) this.#handleLine(line);
      this.#stall.restart();
      const result = this.#result;
      if (result && !this.#awaitedRuns.size) this.#finish(result);
      else if (result) this.#secondResultTimer ??= setTimeout(() => this.#finishLast(), secondResultMs);
    } catch (error) {
      // A fault in reading the output ends this turn, and nothing else.
      this.failUnreadable(error);
    }
  }

  #handleLine(line: CliLine): void {
    this.#background.handleLine(line);
    if (line.type === 'result') {
      this.#result = line;
      if (line.origin) this.#awaitedRuns.delete(line.origin.runId);
    } else if (line.type === 'task_started' && line.isBackgrounded && line.kind === 'agent') {
      this.#awaitedRuns.add(line.runId);
    }
    for (const output of decodeLine(line)) {
      if (output.type === 'tool.started') this.#openTools.add(output.tool_id);
      if (output.type === 'tool.finished') this.#openTools.delete(output.tool_id);
      this.#deps.onOutput(output);
    }
  }

  #finishLast(): void {
    if (this.#result) this.#finish(this.#result);
  }

  #finish(result: ResultLine): void {
    this.#toEnd(result).then(
      (end) => this.#settle(end),
      (error) => this.failUnreadable(error),
    );
  }

  /**
   * In the json format a background shell that outlives the answer makes a separate result, and only that one is
   * printed. The answer to the message is then in the transcript.
   */
  async #toEnd(result: ResultLine): Promise<RunEnd> {
    const { budget, follow, sessionId } = this.#spec;
    const end = fromResult(result, costSince(result, null, this.#deps.costBefore), sessionId);
    if (budget && result.subtype === 'error_max_budget_usd' && end.kind === 'failure')
      return { ...end, code: 'budget_reached', detail: new AppError('budget_reached').message };
    if (end.kind !== 'answer' || follow || result.origin?.kind !== 'task-notification') return end;
    const answer = await this.#deps.findAnswer(result).catch(() => null);
    return answer === null ? end : { ...end, response: answer };
  }

  #fail(failure: Pick<Failure, 'code' | 'detail' | 'fault'>): void {
    this.#settle({ kind: 'failure', cost: null, ...failure });
    this.#failed.resolve();
  }

  #settle(end: RunEnd): void {
    clearTimeout(this.#secondResultTimer);
    this.#isSettled = true;
    this.#stall.stop();
    this.#end.resolve(end);
  }
}
