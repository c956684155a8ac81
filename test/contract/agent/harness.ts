import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type {
  Agent,
  AgentOutput,
  LiveListener,
  PromptRequest,
  Run,
  RunEnd,
  RunSpec,
} from '../../../server/agent/port.ts';
import type { MessagesApi } from '../../fixture/messages-api/server.ts';
import { startTestApi } from '../../helper/server.ts';
import { createWorkspace, testEnv, type Workspace } from '../../helper/workspace.ts';

/** An engine that the suite is run on. */
export type Engine = {
  name: string;
  open(workspace: Workspace, env: Record<string, string>): OpenEngine;
};

/** `crash` ends the process that works on a session, as the kernel does. */
export type OpenEngine = { agent: Agent; crash(sessionId: string): void | Promise<void> };

type OutputOf<T extends AgentOutput['type']> = AgentOutput & { type: T };

/** A run, with what it has put out so far. */
export type WatchedRun = {
  run: Run;
  outputs: AgentOutput[];
  end(): Promise<RunEnd>;
  /** The end of a run that must have succeeded. */
  answer(): Promise<Extract<RunEnd, { kind: 'answer' }>>;
  /** Waits for an output that fits, now or later. */
  output<T extends AgentOutput['type']>(
    type: T,
    fits?: (output: OutputOf<T>) => boolean,
  ): Promise<OutputOf<T>>;
  prompt(kind?: string): Promise<PromptRequest>;
};

export type Bench = {
  workspace: Workspace;
  api: MessagesApi;
  agent: Agent;
  crash: OpenEngine['crash'];
  listener: Recorder;
  /** Starts a run; by default in a new session and with all tools allowed. */
  run(message: string, options?: Partial<RunSpec>): Promise<WatchedRun>;
  steer(host: WatchedRun, message: string, options?: Partial<RunSpec>): WatchedRun;
  /** Ends the engine and starts another in the same folders. */
  reopen(): Promise<Bench>;
};

/** What an engine reports besides the output of runs. */
export type Recorder = LiveListener & {
  ended: { kind: string; status: string }[];
  agentTurns: WatchedRun[];
  /** Resolves when `check` holds, which is looked at after each report. */
  until(check: () => boolean): Promise<void>;
};

export async function openBench(engine: Engine, folders?: Pick<Bench, 'workspace' | 'api'>): Promise<Bench> {
  const workspace = folders?.workspace ?? (await createWorkspace());
  const api = folders?.api ?? (await startTestApi());
  const { agent, crash } = engine.open(workspace, testEnv(workspace, { ANTHROPIC_BASE_URL: api.url }));
  let isOpen = true;
  const dispose = async () => {
    if (isOpen) await agent.dispose();
    isOpen = false;
  };
  onTestFinished(dispose);
  const listener = createRecorder();
  agent.live.listen(listener);
  return {
    workspace,
    api,
    agent,
    crash,
    listener,
    async run(message, options) {
      const watch = createWatch();
      return watch.attach(await agent.run(toSpec(workspace, message, options), watch.take));
    },
    steer(host, message, options) {
      const watch = createWatch();
      const run = host.run.steer?.(toSpec(workspace, message, options), watch.take);
      if (!run) throw new Error('This run cannot be steered.');
      return watch.attach(run);
    },
    async reopen() {
      await dispose();
      return openBench(engine, { workspace, api });
    },
  };
}

export const toSpec = (workspace: Workspace, message: string, options: Partial<RunSpec> = {}): RunSpec => ({
  project: workspace.project,
  sessionId: randomUUID(),
  permissionMode: 'acceptEdits',
  allowedTools: 'Bash,Agent,Task',
  model: null,
  effort: null,
  extraArgs: [],
  jsonSchema: null,
  turnId: randomUUID(),
  messageId: randomUUID(),
  message,
  literal: false,
  attachments: [],
  follow: true,
  budget: null,
  ...options,
});

function createWatch() {
  const outputs: AgentOutput[] = [];
  const signal = createSignal();
  const take = (output: AgentOutput) => {
    outputs.push(output);
    signal.notify();
  };
  const attach = (run: Run): WatchedRun => {
    const output: WatchedRun['output'] = (type, fits = () => true) =>
      signal.until(() => outputs.find((one) => one.type === type && fits(one as never)) as never);
    return {
      run,
      outputs,
      end: () => run.end,
      async answer() {
        const end = await run.end;
        if (end.kind !== 'answer') throw new Error(`The run failed: ${end.code}: ${end.detail}`);
        return end;
      },
      output,
      prompt: (kind) => output('prompt.asked', ({ prompt }) => !kind || prompt.kind === kind),
    };
  };
  return { take, attach };
}

function createRecorder(): Recorder {
  const signal = createSignal();
  const recorder: Recorder = {
    ended: [],
    agentTurns: [],
    changed: signal.notify,
    background: signal.notify,
    backgroundEnded(_sessionId, { kind }, status) {
      recorder.ended.push({ kind, status });
      signal.notify();
    },
    onAgentTurn(_sessionId, _about, run) {
      const watch = createWatch();
      recorder.agentTurns.push(watch.attach(run));
      signal.notify();
      return watch.take;
    },
    until: (check) => signal.until(() => check() || undefined).then(() => {}),
  };
  return recorder;
}

/** Lets readers wait for something that reports announce. */
function createSignal() {
  const waiting = new Set<() => void>();
  return {
    notify: () => {
      for (const wake of [...waiting]) wake();
    },
    until: <T>(look: () => T | undefined): Promise<T> =>
      new Promise((resolve) => {
        const check = () => {
          const value = look();
          if (value === undefined) return;
          waiting.delete(check);
          resolve(value);
        };
        waiting.add(check);
        check();
      }),
  };
}
