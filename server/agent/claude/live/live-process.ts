import { setTimeout as delay } from 'node:timers/promises';
import { asText, figure } from '../../../transcript/plain-value.ts';
import { type AwakeTimer, startAwakeTimer } from '../../../util/awake-timer.ts';
import type {
  AgentOutput,
  AskedPrompt,
  Launch,
  LiveListener,
  ProcessRegistry,
  PromptReply,
  RunEnd,
  RunSpec,
} from '../../port.ts';
import { createBackground } from '../background.ts';
import { fromExit } from '../result.ts';
import { type Channel, type ControlRequest, openChannel } from './channel.ts';
import { toMessageContent } from './content.ts';
import { toPrompt, toResponse } from './reply.ts';
import type { LiveRun } from './retry-undelivered.ts';
import { createLiveTurns, type LiveTurn } from './turns.ts';

/** How long the output of a process that has ended is read on. */
const lastLinesMs = 2000;

/** How long an interrupt may take until the process is ended in its place; the CLI needs 30 ms. */
const interruptMs = 4000;

export type LiveProcess = {
  readonly launch: Launch;
  readonly pid: number;
  readonly ready: Promise<Record<string, unknown>>;
  readonly exited: Promise<unknown>;
  /** The session that it has now; /clear changes it. */
  sessionId(): string;
  isAlive(): boolean;
  isBusy(): boolean;
  /** Whether work of it goes on in the background. */
  hasBackground(): boolean;
  /** Whether it can be closed without ending anything. */
  isIdle(): boolean;
  /** False after a failed sign-in: it would not read a renewed one. */
  isHealthy(): boolean;
  /** `mayAsk`: somebody is there to answer prompts; without, what would ask is refused as in a run of its own. */
  run(spec: RunSpec, onOutput: (output: AgentOutput) => void, mayAsk: boolean): Promise<LiveRun>;
  adjust(changes: Partial<Pick<Launch, 'permissionMode' | 'model' | 'effort'>>): Promise<void>;
  tails(): Promise<ReadonlyMap<string, string>>;
  stopTask(taskId: string): Promise<boolean>;
  close(): Promise<void>;
  kill(): Promise<void>;
};

/** A message on its way to the process; `content` is null while its files are read. */
type QueuedMessage = {
  messageId: string;
  content: string | object[] | null;
  write(content: string | object[]): void;
  drop(): void;
};

/** Starts a live process of a session. `onIdle` is called when it has nothing to do any more. */
export async function startLiveProcess(deps: {
  binary: string;
  env: Readonly<Record<string, string>>;
  launch: Launch;
  isNew: boolean;
  /** What the session had cost before (USD), as the CLI counts. */
  costBefore: number;
  notes: ProcessRegistry;
  listener(): LiveListener | null;
  stallMs: number;
  now(): Date;
  onIdle(): void;
}): Promise<LiveProcess> {
  let { sessionId } = deps.launch;
  let isReadToEnd = false;
  let isSound = true;
  /** Whether the newest message had somebody to ask; what it causes later has as well. */
  let mayAskNow = false;
  let stall: AwakeTimer | undefined;
  const settings = {
    permissionMode: deps.launch.permissionMode,
    model: deps.launch.model,
    effort: deps.launch.effort,
  };
  /** Messages that are not written yet. */
  const held: QueuedMessage[] = [];
  /** Requests of the CLI that have no answer yet, by their id: `control_cancel_request` names it. */
  const pending = new Map<string, { turn: LiveTurn; closing: AbortController }>();
  const background = createBackground({
    now: deps.now,
    changed: (tasks) => {
      deps.listener()?.background(sessionId, tasks);
      noteIdle();
    },
    ended: (task, status, summary) => deps.listener()?.backgroundEnded(sessionId, task, status, summary),
  });
  const turns = createLiveTurns({ begin: beginOwn, costBefore: deps.costBefore, sessionId: () => sessionId });

  const isBusy = () => turns.isBusy() || held.length > 0;

  function noteIdle(): void {
    if (!isBusy() && !background.tasks().length) deps.onIdle();
  }

  /** Silence counts only while the model is to speak. */
  function watch(): void {
    stall?.stop();
    if (!turns.isBusy() || turns.isToolOpen() || pending.size) return;
    stall = startAwakeTimer(deps.stallMs, () => {
      fail({
        kind: 'failure',
        code: 'agent_stalled',
        detail: `claude said nothing for ${deps.stallMs / 1000} s.`,
        cost: null,
      });
      void channel.kill();
    });
  }

  function fail(end: RunEnd): void {
    isSound = false;
    for (const id of [...pending.keys()]) closeRequest(id);
    for (const message of held.splice(0)) message.drop();
    turns.fail(end);
  }

  const channel: Channel = await openChannel({
    ...deps,
    isAnswered: () => !turns.isBusy(),
    onLine(line) {
      // After /clear the process goes on in another session.
      if (typeof line['session_id'] === 'string' && line['session_id']) sessionId = line['session_id'];
      if (line.type === 'control_cancel_request') closeRequest(asText(line['request_id']));
      else {
        // An accepted plan and the model's own doing change it as well.
        if (typeof line['permissionMode'] === 'string') settings.permissionMode = line['permissionMode'];
        background.take(line);
        turns.take(line);
      }
      writeQueued();
      watch();
    },
    onAsk(ask) {
      handleRequest(ask)
        .catch((error) => {
          // It would wait for an answer for ever.
          fail({
            kind: 'failure',
            code: 'internal',
            detail: `A question could not be handled: ${(error as Error).message}`,
            cost: null,
          });
          void channel.kill();
        })
        .finally(watch);
    },
    onFault(error) {
      fail({
        kind: 'failure',
        code: 'agent_failed',
        detail: `The output of claude could not be read: ${(error as Error).message}`,
        cost: null,
      });
      void channel.kill();
    },
  });
  const exited = channel.exited.then(async (exit) => {
    stall?.stop();
    // Its last lines may still be in the pipe; a program that it left running can hold that open.
    isReadToEnd = await Promise.race([channel.closed.then(() => true), delay(lastLinesMs, false)]);
    fail(fromExit({ ...exit, stderr: channel.stderr() }));
    background.end();
  });

  /** The CLI does not wait for an answer to this request, or no longer does. */
  function closeRequest(id: string): void {
    const request = pending.get(id);
    pending.delete(id);
    request?.closing.abort();
  }

  function openRequest(id: string, turn: LiveTurn): AbortSignal {
    const closing = new AbortController();
    pending.set(id, { turn, closing });
    return closing.signal;
  }

  /** Asks a person. `deliverReply` answers the request. */
  function askPerson(
    turn: LiveTurn,
    prompt: AskedPrompt,
    signal: AbortSignal,
    deliverReply: (reply: PromptReply) => void,
  ): void {
    const respond = (reply: PromptReply): boolean => {
      if (signal.aborted || !channel.isAlive()) return false;
      deliverReply(reply);
      closeRequest(prompt.id);
      watch();
      return true;
    };
    turn.output({ type: 'prompt.asked', prompt, respond, signal });
  }

  async function handleRequest(ask: ControlRequest): Promise<void> {
    const { request, request_id } = ask;
    const turn = turns.ownerOf(request['tool_use_id']);
    if (request.subtype === 'can_use_tool') {
      if (!turn?.mayAsk) {
        channel.respond(request_id, {
          behavior: 'deny',
          message: 'This requires approval, and nobody is there to be asked.',
        });
        return;
      }
      const prompt = toPrompt(ask, turns.parentOf(request['tool_use_id']));
      askPerson(turn, prompt, openRequest(request_id, turn), (reply) =>
        channel.respond(request_id, toResponse(reply)),
      );
    } else if (request.subtype === 'hook_callback') {
      await enforceBudget(ask, turn);
    } else {
      channel.send({
        type: 'control_response',
        response: { subtype: 'error', request_id, error: `${request.subtype} is not supported here` },
      });
    }
  }

  /** Before each tool: a turn that has used up its budget waits here for a person. */
  async function enforceBudget(
    { request_id, request }: ControlRequest,
    turn: LiveTurn | null,
  ): Promise<void> {
    const answerHook = () => channel.respond(request_id, {});
    if (!turn?.budget) return answerHook();
    const signal = openRequest(request_id, turn);
    const resumeAfterHook = () => {
      closeRequest(request_id);
      answerHook();
    };
    const counted = await totalCost().catch(() => null);
    // The turn may have ended, or been stopped, meanwhile.
    if (signal.aborted) return;
    if (counted === null) return resumeAfterHook();
    const spent = turns.spentBy(turn, counted);
    const left = turn.budget.left(spent);
    if (spent < left) return resumeAfterHook();
    const input = request['input'] as { tool_name?: unknown } | undefined;
    const tool = asText(input?.tool_name ?? 'a tool');
    const prompt: AskedPrompt = {
      id: request_id,
      kind: 'budget',
      tool,
      input: { spent_usd: spent, left_usd: left },
      reason: 'The budget is used up.',
      parent_tool_id: null,
    };
    askPerson(turn, prompt, signal, (reply) => {
      answerHook();
      if (reply.decision === 'deny') void channel.request('interrupt').catch(() => {});
    });
  }

  async function totalCost(): Promise<number> {
    const usage = (await channel.request('get_usage', { skip_behaviors: true })) as {
      session?: { total_cost_usd?: number };
    };
    return figure(usage.session?.total_cost_usd);
  }

  function toRun(
    messageId: string | null,
    end: Promise<RunEnd>,
    mayAsk: boolean,
    wasDelivered: () => boolean,
  ): LiveRun {
    const done = end.then(() => {});
    return {
      started: Promise.resolve(),
      end,
      exited: done,
      wasDelivered,
      stop: () => stop(messageId, done),
      steer: (spec, onOutput) => send(spec, onOutput, mayAsk),
    };
  }

  /** Interrupts until the message is no longer worked on; a process that does not obey is ended. */
  async function stop(messageId: string | null, done: Promise<void>): Promise<void> {
    dropQueued(messageId)?.drop();
    const interrupt = async () => {
      while (turns.has(messageId)) {
        // One that was not begun is taken back, without harm to the one that runs.
        const { cancelled } =
          messageId === null
            ? {}
            : await channel.request('cancel_async_message', { message_uuid: messageId });
        if (!cancelled) await channel.request('interrupt');
        await Promise.race([done, delay(300)]);
      }
    };
    const timer = new AbortController();
    const late = delay(interruptMs, 'late' as const, { signal: timer.signal }).catch(() => undefined);
    const how = await Promise.race([interrupt().catch(() => 'late' as const), late]);
    timer.abort();
    if (how === 'late' && turns.has(messageId)) await channel.kill();
    await done;
  }

  function send(spec: RunSpec, onOutput: (output: AgentOutput) => void, mayAsk: boolean): LiveRun {
    let wasTaken = false;
    let settle: (end: RunEnd) => void = () => {};
    const end = new Promise<RunEnd>((resolve) => {
      settle = resolve;
    });
    const { messageId, budget } = spec;
    const turn: LiveTurn = {
      messageId,
      budget,
      mayAsk,
      output: onOutput,
      settle(value, taken) {
        // A message may only be sent again where all was read that could say that it was taken.
        wasTaken = taken || !isReadToEnd;
        ended(messageId, value, settle);
      },
    };
    const failed = (code: 'internal' | 'agent_killed', detail: string) =>
      ended(messageId, { kind: 'failure', code, detail, cost: null }, settle);
    const message: QueuedMessage = {
      messageId,
      content: null,
      write: (content) => write(turn, content),
      drop: () => failed('agent_killed', 'The message was taken back before it was begun.'),
    };
    // At once: from now on it can be stopped, and keeps its place and the process.
    held.push(message);
    toMessageContent(spec).then(
      (content) => {
        message.content = content;
        writeQueued();
      },
      (error) => {
        if (dropQueued(messageId))
          failed('internal', `An attachment cannot be read: ${(error as Error).message}`);
      },
    );
    return toRun(messageId, end, mayAsk, () => wasTaken);
  }

  function write(turn: LiveTurn, content: string | object[]): void {
    turns.add(turn);
    channel.send({
      type: 'user',
      uuid: turn.messageId,
      message: { role: 'user', content },
      parent_tool_use_id: null,
    });
    watch();
  }

  function dropQueued(messageId: string | null): QueuedMessage | undefined {
    const at = held.findIndex((message) => message.messageId === messageId);
    return at < 0 ? undefined : held.splice(at, 1)[0];
  }

  /** Writes the next message as soon as the one before was begun. */
  function writeQueued(): void {
    const [next] = held;
    if (!next || next.content === null || !turns.areAllBegun()) return;
    held.shift();
    if (channel.isAlive()) next.write(next.content);
    else next.drop();
  }

  function ended(messageId: string | null, value: RunEnd, settle: (end: RunEnd) => void): void {
    for (const [id, { turn }] of [...pending]) if (turn.messageId === messageId) closeRequest(id);
    if (value.kind === 'failure' && value.code === 'not_logged_in') isSound = false;
    settle(value);
    noteIdle();
  }

  function beginOwn(about: string): LiveTurn | null {
    let settle: (end: RunEnd) => void = () => {};
    const end = new Promise<RunEnd>((resolve) => {
      settle = resolve;
    });
    const output = deps.listener()?.onAgentTurn(
      sessionId,
      about,
      toRun(null, end, mayAskNow, () => true),
    );
    return output
      ? {
          messageId: null,
          budget: null,
          mayAsk: mayAskNow,
          output,
          settle: (value) => ended(null, value, settle),
        }
      : null;
  }

  async function adjust(changes: Partial<typeof settings>): Promise<void> {
    const { permissionMode: mode, model, effort } = changes;
    if (mode !== undefined && mode !== settings.permissionMode)
      await channel.request('set_permission_mode', { mode });
    if (model !== undefined && model !== settings.model)
      await channel.request('set_model', model === null ? {} : { model });
    if (effort !== undefined && effort !== settings.effort)
      await channel.request('apply_flag_settings', { settings: { effortLevel: effort } });
    Object.assign(settings, changes);
  }

  return {
    launch: deps.launch,
    pid: channel.pid,
    ready: channel.ready,
    exited,
    sessionId: () => sessionId,
    isAlive: channel.isAlive,
    isBusy: () => isBusy(),
    hasBackground: () => background.tasks().length > 0,
    isIdle: () => !isBusy() && !background.tasks().length,
    isHealthy: () => isSound && channel.isAlive(),
    async run(spec, onOutput, mayAsk) {
      mayAskNow = mayAsk;
      const { permissionMode, model, effort } = spec;
      await adjust({ permissionMode, model, effort });
      const run = send(spec, onOutput, mayAsk);
      return { ...run, started: channel.ready.then(() => {}).catch(() => {}) };
    },
    adjust,
    async tails() {
      const shells = background.tasks().filter(({ kind }) => kind === 'shell');
      const read = async ({ id }: { id: string }) =>
        [id, String((await channel.request('get_task_output', { task_id: id }))['output'] ?? '')] as const;
      const done = await Promise.allSettled(shells.map(read));
      return new Map([
        ...background.progress(),
        ...done.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
      ]);
    },
    async stopTask(taskId) {
      if (!background.tasks().some(({ id }) => id === taskId)) return false;
      await channel.request('stop_task', { task_id: taskId });
      return true;
    },
    async close() {
      // It would wait for them before it leaves.
      await Promise.allSettled(
        background.tasks().map(({ id }) => channel.request('stop_task', { task_id: id })),
      );
      await channel.close();
    },
    kill: channel.kill,
  };
}
