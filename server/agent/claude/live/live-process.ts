import { setTimeout as delay } from 'node:timers/promises';
import { createDeferred } from '../../../util/deferred.ts';
import type { AgentOutput, Launch, LiveListener, RunEnd, RunSpec } from '../../port.ts';
import { BackgroundWork } from '../background.ts';
import type { CliLine } from '../protocol.ts';
import { fromExit } from '../result.ts';
import { StallWatch } from '../stall-watch.ts';
import { Channel, type ChannelLaunch } from './channel.ts';
import { ControlCommands, type LiveSettings } from './control-commands.ts';
import { interruptTurn } from './interrupt.ts';
import { type MessageContent, MessageOutbox } from './message-outbox.ts';
import { RequestHandler } from './request-handler.ts';
import type { LiveRun } from './retry-undelivered.ts';
import { type LiveTurn, LiveTurns, withdrawnMessage } from './turns.ts';

/** How long to read the output of a process that has ended. */
const lastLinesMs = 2000;

export type LiveProcessDeps = ChannelLaunch & {
  /** The cost of the session before (USD), as the CLI counts. */
  costBefore: number;
  listener(): LiveListener | null;
  stallMs: number;
  now(): Date;
  /** The process has nothing to do any more. */
  onIdle(): void;
};

/** A process of the CLI that stays open between the turns of a session. */
export class LiveProcess {
  readonly exited: Promise<void>;
  readonly #deps: LiveProcessDeps;
  readonly #channel: Channel;
  readonly #control: ControlCommands;
  readonly #turns: LiveTurns;
  readonly #background: BackgroundWork;
  readonly #outbox = new MessageOutbox(() => this.#turns.areAllBegun);
  readonly #requests: RequestHandler;
  readonly #stall: StallWatch;
  readonly #settings: LiveSettings;
  #sessionId: string;
  #isReadToEnd = false;
  /** False after a failed sign-in: the process would not read a renewed one. */
  #isSound = true;
  /** Whether the newest message had somebody to ask; this holds for what it causes later as well. */
  #canPrompt = false;

  /** Starts a live process of a session. */
  static async start(deps: LiveProcessDeps): Promise<LiveProcess> {
    const process = new LiveProcess(deps);
    await process.#channel.open(deps);
    return process;
  }

  private constructor(deps: LiveProcessDeps) {
    this.#deps = deps;
    const { sessionId, permissionMode, model, effort } = deps.launch;
    this.#sessionId = sessionId;
    this.#settings = { permissionMode, model, effort };
    this.#background = new BackgroundWork({
      now: deps.now,
      onChange: (tasks) => {
        deps.listener()?.background(this.#sessionId, tasks);
        this.#notifyIdle();
      },
      onEnd: (task, status, summary) =>
        deps.listener()?.backgroundEnded(this.#sessionId, task, status, summary),
    });
    this.#turns = new LiveTurns({
      beginOwn: (notification) => this.#beginOwnTurn(notification),
      costBefore: deps.costBefore,
      sessionId: () => this.#sessionId,
    });
    this.#stall = new StallWatch(
      deps.stallMs,
      () => this.#turns.isBusy && !this.#turns.isToolOpen && !this.#requests.isWaiting,
      (detail) => this.#abandon('agent_stalled', detail),
    );
    this.#channel = new Channel({
      isAnswered: () => !this.#turns.isBusy,
      onLine: (line) => this.#handleLine(line),
      onRequest: (line) => this.#requests.handle(line),
      onFault: (error) =>
        this.#abandon(
          'agent_failed',
          `The output of claude could not be read: ${(error as Error).message}`,
          error,
        ),
    });
    this.#control = new ControlCommands(this.#channel);
    this.#requests = new RequestHandler({
      channel: this.#channel,
      control: this.#control,
      turns: this.#turns,
      onSettled: () => this.#stall.restart(),
      onFault: (error) =>
        this.#abandon('internal', `A question could not be handled: ${(error as Error).message}`, error),
    });
    this.exited = this.#followExit();
  }

  get launch(): Launch {
    return this.#deps.launch;
  }

  get pid(): number {
    return this.#channel.pid;
  }

  /** Resolves with what the process offers when it can accept a message. */
  get ready(): Promise<Record<string, unknown>> {
    return this.#channel.ready;
  }

  /** The session that the process has now; /clear changes it. */
  sessionId(): string {
    return this.#sessionId;
  }

  isAlive(): boolean {
    return this.#channel.isAlive;
  }

  isBusy(): boolean {
    return this.#turns.isBusy || !this.#outbox.isEmpty;
  }

  hasBackground(): boolean {
    return this.#background.tasks.length > 0;
  }

  /** Whether the process can be closed without ending any work. */
  isIdle(): boolean {
    return !this.isBusy() && !this.hasBackground();
  }

  isHealthy(): boolean {
    return this.#isSound && this.isAlive();
  }

  /** Sends a message. `canPrompt`: a person can be asked; otherwise the process is denied what it asks, as in a one-shot run. */
  async run(spec: RunSpec, onOutput: (output: AgentOutput) => void, canPrompt: boolean): Promise<LiveRun> {
    this.#canPrompt = canPrompt;
    const { permissionMode, model, effort } = spec;
    await this.adjust({ permissionMode, model, effort });
    const run = this.#send(spec, onOutput, canPrompt);
    return { ...run, started: this.ready.then(() => {}).catch(() => {}) };
  }

  /** Changes settings of the running process. */
  async adjust(changes: Partial<LiveSettings>): Promise<void> {
    const { permissionMode, model, effort } = changes;
    if (permissionMode !== undefined && permissionMode !== this.#settings.permissionMode)
      await this.#control.setPermissionMode(permissionMode);
    if (model !== undefined && model !== this.#settings.model) await this.#control.setModel(model);
    if (effort !== undefined && effort !== this.#settings.effort) await this.#control.setEffort(effort);
    Object.assign(this.#settings, changes);
  }

  /** The last lines of background work, by its id. */
  async tails(): Promise<ReadonlyMap<string, string>> {
    const shells = this.#background.tasks.filter(({ kind }) => kind === 'shell');
    const outputs = await Promise.allSettled(
      shells.map(async ({ id }) => [id, await this.#control.getTaskOutput(id)] as const),
    );
    return new Map([
      ...this.#background.progress,
      ...outputs.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    ]);
  }

  /** False if there is no such task. */
  async stopTask(taskId: string): Promise<boolean> {
    if (!this.#background.tasks.some(({ id }) => id === taskId)) return false;
    await this.#control.stopTask(taskId);
    return true;
  }

  async close(): Promise<void> {
    // The process would wait for background work before it exits.
    await Promise.allSettled(this.#background.tasks.map(({ id }) => this.#control.stopTask(id)));
    await this.#channel.close();
  }

  kill(): Promise<void> {
    return this.#channel.kill();
  }

  #notifyIdle(): void {
    if (this.isIdle()) this.#deps.onIdle();
  }

  async #followExit(): Promise<void> {
    const exit = await this.#channel.exited;
    this.#stall.stop();
    // Its last lines may still be in the pipe; a program that it left running can hold that open.
    this.#isReadToEnd = await Promise.race([
      this.#channel.closed.then(() => true),
      delay(lastLinesMs, false),
    ]);
    this.#failAll(fromExit({ ...exit, stderr: this.#channel.stderr() }));
    this.#background.end();
  }

  /** Ends all turns and the process: it cannot be used any more. */
  #abandon(code: 'agent_stalled' | 'agent_failed' | 'internal', detail: string, fault?: unknown): void {
    this.#failAll({ kind: 'failure', code, detail, cost: null, fault });
    void this.#channel.kill();
  }

  #failAll(end: RunEnd): void {
    this.#isSound = false;
    this.#requests.closeAll();
    this.#outbox.dropAll();
    this.#turns.endAll(end);
  }

  #handleLine(line: CliLine): void {
    this.#sessionId = line.sessionId ?? this.#sessionId;
    if (line.type === 'control_cancel_request') {
      this.#requests.close(line.requestId);
    } else {
      // An accepted plan and the model itself can change the mode.
      if (line.permissionMode !== null) this.#settings.permissionMode = line.permissionMode;
      this.#background.handleLine(line);
      this.#turns.handleLine(line);
    }
    this.#outbox.writeNext();
    this.#stall.restart();
  }

  #send(spec: RunSpec, onOutput: (output: AgentOutput) => void, canPrompt: boolean): LiveRun {
    const { messageId, budget } = spec;
    const end = createDeferred<RunEnd>();
    let wasDelivered = false;
    const settle = (value: RunEnd) => this.#endTurn(messageId, value, end.resolve);
    const turn: LiveTurn = {
      messageId,
      budget,
      canPrompt,
      onOutput,
      settle: (value, wasTaken) => {
        // A message may only be sent again if all output was read that could say that it was taken.
        wasDelivered = wasTaken || !this.#isReadToEnd;
        settle(value);
      },
    };
    const drop = () =>
      settle({ kind: 'failure', code: 'agent_killed', detail: withdrawnMessage, cost: null });
    this.#outbox.add(spec, {
      write: (content) => (this.isAlive() ? this.#write(turn, messageId, content) : drop()),
      onDrop: drop,
      onUnreadable: (detail) => settle({ kind: 'failure', code: 'internal', detail, cost: null }),
    });
    return this.#toRun(messageId, end.promise, canPrompt, () => wasDelivered);
  }

  #write(turn: LiveTurn, messageId: string, content: MessageContent): void {
    this.#turns.add(turn);
    const message = { role: 'user', content } as const;
    this.#channel.send({ type: 'user', uuid: messageId, message, parent_tool_use_id: null });
    this.#stall.restart();
  }

  #toRun(
    messageId: string | null,
    end: Promise<RunEnd>,
    canPrompt: boolean,
    wasDelivered: () => boolean,
  ): LiveRun {
    const ended = end.then(() => {});
    return {
      started: Promise.resolve(),
      end,
      exited: ended,
      wasDelivered,
      stop: () => this.#stopTurn(messageId, ended),
      steer: (spec, onOutput) => this.#send(spec, onOutput, canPrompt),
    };
  }

  #stopTurn(messageId: string | null, ended: Promise<void>): Promise<void> {
    this.#outbox.drop(messageId);
    const kill = () => this.#channel.kill();
    return interruptTurn(messageId, ended, { turns: this.#turns, control: this.#control, kill });
  }

  #endTurn(messageId: string | null, end: RunEnd, settle: (end: RunEnd) => void): void {
    this.#requests.closeTurn(messageId);
    if (end.kind === 'failure' && end.code === 'not_logged_in') this.#isSound = false;
    settle(end);
    this.#notifyIdle();
  }

  /** The process begins a turn that no message asked for. */
  #beginOwnTurn(notification: string): LiveTurn | null {
    const end = createDeferred<RunEnd>();
    const canPrompt = this.#canPrompt;
    const run = this.#toRun(null, end.promise, canPrompt, () => true);
    const onOutput = this.#deps.listener()?.onAgentTurn(this.#sessionId, notification, run);
    if (!onOutput) return null;
    return {
      messageId: null,
      budget: null,
      canPrompt,
      onOutput,
      settle: (value) => this.#endTurn(null, value, end.resolve),
    };
  }
}
