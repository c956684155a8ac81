import { AppError } from '../../app-error.ts';
import { asText } from '../../transcript/plain-value.ts';
import { type AwakeTimer, startAwakeTimer } from '../../util/awake-timer.ts';
import { toInput } from '../../util/input-text.ts';
import type { AgentOutput, LiveListener, ProcessRegistry, Run, RunEnd, RunSpec } from '../port.ts';
import { endProcessTree } from '../process-tree.ts';
import { buildArgv } from './argv.ts';
import { createBackground } from './background.ts';
import { createLineReader, decodeLine, holdsTurn, type Line } from './decoder.ts';
import { costSince, fromExit, fromResult, type ResultLine } from './result.ts';
import { type AgentChild, type Exit, spawnCli } from './spawn.ts';

/** A start of the CLI keeps a core busy for about 0.4 s; after this it waits for the model. */
const startMs = 600;

/**
 * The CLI prints the results of a turn with sub-agents together, when all are done. Where one of
 * them went into the turn itself no second result follows: then this is how long it is waited for.
 */
const secondResultMs = 250;

/** How long the pipes are read on after the process has ended. */
const drainMs = 500;

type Deps = {
  binary: string;
  /** The session does not exist yet. */
  isNew: boolean;
  /** What the session had cost before (USD), as the CLI counts. */
  costBefore: number;
  env: Readonly<Record<string, string>>;
  notes: ProcessRegistry;
  /** After so much silence of a run that is followed, while no tool runs, it is given up. */
  stallMs: number;
  onOutput(output: AgentOutput): void;
  /** Who is told of background work, as far as the output says anything of it. */
  listener(): LiveListener | null;
  now(): Date;
  /** Finds the answer where the result is to something else. */
  findAnswer(result: ResultLine): Promise<string | null>;
};

/** Starts `claude -p` for one message. */
export async function startOneShot(spec: RunSpec, deps: Deps): Promise<Run> {
  const reading = createOutputReader(spec, deps);
  const own = await spawnCli({
    ...deps,
    argv: buildArgv(spec, deps.isNew),
    project: spec.project,
    mark: spec.turnId,
    isAnswered: reading.isAnswered,
    onSpawn(child) {
      child.stdout.on('data', reading.take);
    },
  });
  const { child, pid } = own;
  child.stdin.end(toInput(spec.message, spec.literal));
  let stopping: Promise<void> | null = null;
  const stop = () => {
    stopping ??= endProcessTree(pid, spec.turnId, own.descendants).then(() => {
      // A process that left the group can hold the pipes open; nothing more is read from them.
      child.stdout.destroy();
      child.stderr.destroy();
    });
    return stopping;
  };
  reading.conclude(own, stop);
  return {
    started: startRun(own),
    end: reading.end,
    exited: own.exited.then(() => {}),
    stop,
    steer: null,
  };
}

function startRun({ child, closed }: AgentChild): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, startMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    child.stdout.once('data', done);
    void closed.then(done);
  });
}

/** Reads the output of a run to its end. */
function createOutputReader(spec: RunSpec, deps: Deps) {
  const reader = createLineReader();
  /** Run ids of sub-agents in the background whose work no result has used yet. */
  const awaited = new Set<string>();
  const openTools = new Set<string>();
  const background = createBackground({
    now: deps.now,
    changed: (tasks) => deps.listener()?.background(spec.sessionId, tasks),
    ended: (task, status, summary) => deps.listener()?.backgroundEnded(spec.sessionId, task, status, summary),
  });
  let last: ResultLine | null = null;
  let second: NodeJS.Timeout | undefined;
  let stall: AwakeTimer | undefined;
  let giveUp = (): unknown => undefined;
  let resolve: (end: RunEnd) => void = () => {};
  const end = new Promise<RunEnd>((done) => {
    resolve = (value) => {
      clearTimeout(second);
      stall?.stop();
      done(value);
    };
  });

  const fail = (code: 'agent_failed' | 'agent_stalled', detail: string) => {
    resolve({ kind: 'failure', code, detail, cost: null });
    // Nobody reads what it does from here on.
    giveUp();
  };
  const finish = (result: ResultLine) => {
    withRightAnswer(result, spec, deps).then(resolve, (error) => fail('agent_failed', unreadable(error)));
  };
  /** In the json format nothing comes before the end: there the time limit of the turn is all there is. */
  const watch = () => {
    stall?.stop();
    if (!spec.follow || openTools.size) return;
    stall = startAwakeTimer(deps.stallMs, () =>
      fail('agent_stalled', `claude said nothing for ${deps.stallMs / 1000} s.`),
    );
  };

  function handleLine(line: Line): void {
    background.take(line);
    if (line.type === 'result') {
      last = line as ResultLine;
      if (last.origin?.runId) awaited.delete(last.origin.runId);
    } else if (line.subtype === 'task_started' && line.is_backgrounded && holdsTurn(line.task_type)) {
      awaited.add(asText(line.run_id));
    }
    for (const output of decodeLine(line)) {
      if (output.type === 'tool.started') openTools.add(output.tool_id);
      if (output.type === 'tool.finished') openTools.delete(output.tool_id);
      deps.onOutput(output);
    }
  }

  function read(lines: () => Line[]): void {
    try {
      for (const line of lines()) handleLine(line);
      watch();
      if (last && !awaited.size) finish(last);
      else if (last) second ??= setTimeout(() => finish(last as ResultLine), secondResultMs);
    } catch (error) {
      // A line of a shape that no version had so far is the end of this turn, and of nothing else.
      fail('agent_failed', unreadable(error));
    }
  }

  return {
    end,
    isAnswered: () => last !== null,
    take: (chunk: Buffer) => read(() => reader.push(chunk)),
    /** Settles the end when the process has ended. */
    conclude({ exited, closed, stderr }: AgentChild, stop: () => unknown): void {
      giveUp = stop;
      watch();
      const settle = (exit: Exit) => {
        read(() => [reader.rest()]);
        background.end();
        if (last) finish(last);
        else resolve(fromExit({ ...exit, stderr: stderr() }));
      };
      void closed.then(settle);
      // A program that the agent left running can hold the pipes open for as long as it likes.
      void exited.then((exit) => setTimeout(() => setImmediate(settle, exit), drainMs).unref());
    },
  };
}

const unreadable = (error: unknown) => `The output of claude could not be read: ${(error as Error).message}`;

/**
 * In the json format a background shell that outlives the answer makes a result of its own, and only
 * that one is printed. The answer to the message is then in the transcript.
 */
async function withRightAnswer(result: ResultLine, spec: RunSpec, deps: Deps): Promise<RunEnd> {
  const end = fromResult(result, costSince(result, null, deps.costBefore), spec.sessionId);
  if (spec.budget && result.subtype === 'error_max_budget_usd' && end.kind === 'failure') {
    return { ...end, code: 'budget_reached', detail: new AppError('budget_reached').message };
  }
  if (end.kind !== 'answer' || spec.follow || result.origin?.kind !== 'task-notification') return end;
  const answer = await deps.findAnswer(result).catch(() => null);
  return answer === null ? end : { ...end, response: answer };
}
