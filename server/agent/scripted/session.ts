import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Block } from '../../transcript/message-part.ts';
import type { AgentOutput, Launch, LiveListener, Run, RunEnd, RunSpec } from '../port.ts';
import { BackgroundShells, Tasks } from './background.ts';
import type { ModelMessage, ModelRequest } from './model.ts';
import { canPrompt } from './permission.ts';
import type { CallResult } from './tool-call.ts';
import { TranscriptWriter } from './transcript-writer.ts';
import { ScriptedTurn, toNotice } from './turn.ts';
import type { NewMessage, NewText, SessionCallContext, TurnHost } from './turn-host.ts';

export type SessionDeps = {
  env: Readonly<Record<string, string>>;
  home: string;
  now(): Date;
  listener(): LiveListener;
  /** It has nothing to do any more. */
  onIdle(): void;
};

export type Settings = Pick<Launch, 'permissionMode' | 'model' | 'effort'>;

const tools = ['Bash', 'Read', 'Write', 'Edit', 'Agent', 'AskUserQuestion', 'ExitPlanMode'];

/** A session that is open: its messages, its turns one after the other, and its background work. */
export class ScriptedSession implements TurnHost<ScriptedTurn> {
  readonly sessionId: string;
  readonly launch: Launch;
  readonly now: () => Date;
  readonly tasks: Tasks;
  readonly shells: BackgroundShells;
  settings: Settings;
  messages: ModelMessage[] = [];
  totalCost = 0;
  /** It stays open between turns. */
  isKept = false;
  /** Somebody opened it to look at it. */
  hasViewer = false;
  usedAt = 0;
  readonly #deps: SessionDeps;
  /** Messages that are not begun. */
  readonly #waiting: ScriptedTurn[] = [];
  /** What continues or starts because background work has ended. */
  readonly #notices: (() => Promise<void>)[] = [];
  readonly #open = new Set<ScriptedTurn>();
  #log: TranscriptWriter | null = null;
  #isWorking = false;
  #isClosed = false;

  constructor(launch: Launch, deps: SessionDeps) {
    this.#deps = deps;
    this.launch = launch;
    this.sessionId = launch.sessionId;
    this.settings = { permissionMode: launch.permissionMode, model: launch.model, effort: launch.effort };
    this.now = deps.now;
    const { sessionId } = this;
    this.tasks = new Tasks({
      now: deps.now,
      changed: (tasks) => deps.listener().background(sessionId, tasks),
      ended: (...args) => deps.listener().backgroundEnded(sessionId, ...args),
    });
    this.shells = new BackgroundShells(
      this.tasks,
      () => this.callContext(),
      (id, status, summary) => this.#notifyShellEnd(id, status, summary),
    );
  }

  get isBusy(): boolean {
    return this.#open.size > 0;
  }

  get isIdle(): boolean {
    return !this.isBusy && !this.#isWorking && !this.tasks.list.length;
  }

  /** Reads the transcript, unless nothing was written to it since. */
  async load(): Promise<void> {
    if (this.#log && this.#log.size === sizeOf(this.#log.path)) return;
    const { sessionId, launch, now } = this;
    const { writer, messages, cost } = await TranscriptWriter.open({
      home: this.#deps.home,
      sessionId,
      project: launch.project,
      now,
    });
    this.#log = writer;
    this.messages = messages;
    this.totalCost = cost;
  }

  send(spec: RunSpec, onOutput: (output: AgentOutput) => void): Run {
    const turn = new ScriptedTurn({ session: this, spec, output: onOutput });
    this.#open.add(turn);
    this.#waiting.push(turn);
    void this.#work();
    return turn.toRun(turn.end.then(() => (this.isKept ? undefined : this.#whenQuiet())));
  }

  mergeWaiting(host: ScriptedTurn): object[] {
    return this.#waiting.splice(0).map((turn) => {
      const message = host.merge(turn);
      this.#append('attachment', {
        attachment: { type: 'queued_command', prompt: message, commandMode: 'prompt' },
      });
      const text = `<system-reminder>\nThe user sent a message while you worked:\n${message}\n</system-reminder>`;
      return { type: 'text', text };
    });
  }

  notifyTurn(turn: ScriptedTurn, agentId: string, notice: string): void {
    this.#notices.push(() => turn.resume(notice, agentId));
    void this.#work();
  }

  noteEnd(turn: ScriptedTurn): void {
    this.#open.delete(turn);
    const at = this.#waiting.indexOf(turn);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#noteIdle();
  }

  add(type: 'user', content: string | object[], { uuid, ...more }: NewMessage = {}): void {
    this.messages.push({ role: type, content });
    this.#append(type, { message: { role: type, content }, ...more }, uuid);
  }

  addText(text: string, { model = this.#model, ...more }: NewText = {}): void {
    const message = {
      id: `msg_${this.now().getTime()}`,
      role: 'assistant',
      model,
      content: [{ type: 'text', text }],
    };
    this.#append('assistant', { message, ...more });
  }

  addBlock(block: Block, id: string, model: string): void {
    this.#append('assistant', {
      message: { id, type: 'message', role: 'assistant', model, content: [block] },
    });
  }

  addResult(block: object, { denied }: CallResult): void {
    const source = denied === 'person' ? 'user_reject' : 'rule';
    const denial = denied ? { toolDenialKind: 'permission-denied', permissionDecision: { source } } : {};
    this.#append('user', { message: { role: 'user', content: [block] }, ...denial });
  }

  noteCost(): void {
    this.#log?.appendCost(this.totalCost);
  }

  get #model(): string {
    return this.settings.model ?? 'scripted';
  }

  get #planFile(): string {
    return join(this.#deps.home, 'plans', `plan-${this.sessionId.slice(0, 8)}.md`);
  }

  modelDeps(signal: AbortSignal) {
    const { env } = this.#deps;
    return {
      url: env['ANTHROPIC_BASE_URL'] ?? 'http://127.0.0.1:9',
      maxRetries: Number(env['CLAUDE_CODE_MAX_RETRIES'] ?? 1),
      signal,
    };
  }

  toRequest(messages: ModelMessage[]): ModelRequest {
    const isPlanning = this.settings.permissionMode === 'plan';
    return {
      model: this.#model,
      system: isPlanning ? `Write the plan to ${this.#planFile} .` : 'You are a scripted agent.',
      tools: tools.map((name) => ({ name })),
      messages,
    };
  }

  callContext(): SessionCallContext {
    const { project, allowedTools } = this.launch;
    const { permissionMode } = this.settings;
    return {
      project,
      allowedTools,
      permissionMode,
      env: this.#deps.env,
      planFile: this.#planFile,
      canAsk: this.hasViewer || canPrompt(permissionMode),
      changeMode: (mode) => {
        this.settings = { ...this.settings, permissionMode: mode };
      },
    };
  }

  /** Ends its turns and its background work. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.shells.stopAll();
    await Promise.all([...this.#open].map((turn) => turn.stop()));
    await this.#whenQuiet();
  }

  /** Ends everything as the death of a process does. */
  crash(end: RunEnd): void {
    this.#isClosed = true;
    for (const turn of this.#open) turn.fail(end);
    this.shells.stopAll();
  }

  #append(type: string, more: object, uuid?: string): void {
    this.#log?.append(type, more, uuid);
  }

  #notifyShellEnd(id: string, status: string, summary: string): void {
    this.#noteIdle();
    if (this.#isClosed || !this.isKept) return;
    this.#notices.push(async () => {
      const turn = new ScriptedTurn({ session: this, spec: null, output: () => {} });
      this.#open.add(turn);
      const output = this.#deps
        .listener()
        ?.onAgentTurn(this.sessionId, summary, turn.toRun(turn.end.then(() => {})));
      if (output) turn.output = output;
      await turn.start(toNotice(id, status, summary));
    });
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    // What was sent in the same step belongs to it.
    await Promise.resolve();
    for (;;) {
      const notice = this.#notices.shift();
      const turn = notice ? undefined : this.#waiting.shift();
      if (notice) await notice();
      else if (turn) await turn.start();
      else break;
    }
    this.#isWorking = false;
    this.#noteIdle();
  }

  #noteIdle(): void {
    if (!this.isIdle) return;
    for (const wake of this.#quietWaiters.splice(0)) wake();
    this.#deps.onIdle();
  }

  readonly #quietWaiters: (() => void)[] = [];

  #whenQuiet(): Promise<void> {
    return this.isIdle ? Promise.resolve() : new Promise((resolve) => this.#quietWaiters.push(resolve));
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
