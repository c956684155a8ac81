import { setTimeout as delay } from 'node:timers/promises';
import type { Agent, AgentOutput, LiveSession, PromptRequest, Run, RunEnd, RunSpec } from '../agent/port.ts';
import type { TerminalReply, Transcripts } from '../agent/transcript-port.ts';
import { AppError } from '../app-error.ts';
import type { SessionLeases } from '../session/lease.ts';
import { createDeferred } from '../util/deferred.ts';
import { asTyped, isCommand, toInput } from '../util/input-text.ts';
import type { TerminalSessions } from './sessions.ts';

const pollMs = 250;

/** An answer that is not in the transcript this long after the terminal is idle will not come. */
const maxLateMs = 2000;

/** A command can open a dialog (`/model`) that nobody can answer: after this many polls without a hook, it is closed. */
const dialogPolls = 8;

/** It goes from idle to busy within this time when a person's queued message follows. */
const settledPolls = 2;

export type TypedTurnDeps = {
  agent: Pick<Agent, 'listLiveSessions' | 'run'> & {
    transcripts: Pick<Transcripts, 'findReply' | 'readTextSince'>;
  };
  leases: SessionLeases;
  terminals: Pick<TerminalSessions, 'send' | 'interrupt' | 'hasDraft'>;
  now(): Date;
};

const toFailure = (code: 'agent_killed' | 'agent_failed', detail: string): RunEnd => ({
  kind: 'failure',
  code,
  detail,
  cost: null,
});

/** A message with its files, which the agent reads from their paths. */
function toTyped({ message, literal, attachments }: RunSpec): string {
  const files = attachments.map(({ path }) => `@${/\s/.test(path) ? JSON.stringify(path) : path}`);
  const text = toInput(message, literal);
  return asTyped(files.length ? `${text}\n\n${files.join('\n')}` : text);
}

/** A turn whose message is typed into the terminal of its session. */
export class TypedTurn {
  readonly #spec: RunSpec;
  readonly #onOutput: (output: AgentOutput) => void;
  readonly #deps: TypedTurnDeps;
  readonly #message: string;
  readonly #stopping = new AbortController();
  readonly #begun = createDeferred<void>();
  /** Where the message is typed or processed: /clear gives the process another session. */
  #sessionId: string;
  #pid: number | null = null;
  #isTyped = false;
  /** From the first key on the terminal works on this message. */
  #isSent = false;
  /** When it was typed (ISO-8601). */
  #at: string;
  #hasAsked = false;
  #hasWorked = false;
  #dialogPolls = 0;
  #reply: TerminalReply = { text: '', isSuperseded: false, failure: null };
  /** The one-shot run, if the terminal ended before the message was typed. */
  #headlessRun: Run | null = null;

  constructor(spec: RunSpec, onOutput: (output: AgentOutput) => void, deps: TypedTurnDeps) {
    this.#spec = spec;
    this.#onOutput = onOutput;
    this.#deps = deps;
    this.#message = toTyped(spec);
    this.#sessionId = spec.sessionId;
    this.#at = deps.now().toISOString();
  }

  start(): Run {
    const end = this.#run().catch((error): RunEnd => {
      if (error instanceof AppError)
        return { kind: 'failure', code: error.code, detail: error.message, cost: null };
      return toFailure('agent_failed', (error as Error).message);
    });
    return {
      started: Promise.resolve(),
      begun: this.#begun.promise,
      end,
      exited: end.then(() => this.#headlessRun?.exited),
      stop: async () => {
        this.#stopping.abort();
        await this.#headlessRun?.stop();
        await end;
      },
      steer: null,
    };
  }

  /** Takes a prompt of the terminal. False if the terminal does not work on this message. */
  deliverPrompt(request: PromptRequest): boolean {
    // Before that, prompts come from a person's own work.
    if (!this.#isSent) return false;
    this.#hasAsked = true;
    this.#onOutput({ type: 'prompt.asked', ...request });
    return true;
  }

  async #run(): Promise<RunEnd> {
    const startedAt = performance.now();
    if (!(await this.#typeMessage())) return this.#runHeadless();
    this.#begun.resolve();
    const isCommandTyped = isCommand(this.#message);
    const isDone =
      (await this.#waitUntilIdle((live) =>
        isCommandTyped ? this.#closeDialog(live) : this.#readReply(),
      )) !== null;
    // The terminal stays open: only the work on this message is stopped, not what a person started after it.
    if (!isDone && this.#isStopped) await this.#interrupt();
    await this.#readReply();
    // The answer is in the transcript up to 60 ms after the terminal rests (2.1.329), later on a busy machine.
    for (let waited = 0; isDone && !this.#hasReply && waited < maxLateMs; waited += pollMs) {
      await delay(pollMs);
      await this.#readReply();
    }
    if (!isDone)
      return toFailure(
        'agent_killed',
        this.#isStopped ? 'It was interrupted.' : 'The terminal ended before the answer did.',
      );
    if (this.#reply.failure) return { kind: 'failure', ...this.#reply.failure, cost: null };
    return this.#toAnswer(Math.round(performance.now() - startedAt));
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  get #hasReply(): boolean {
    const { text, isSuperseded, failure } = this.#reply;
    return text !== '' || isSuperseded || failure !== null;
  }

  /** Types the message when the terminal is free; false if the terminal ended first, or on a stop. */
  async #typeMessage(): Promise<boolean> {
    const { terminals, now } = this.#deps;
    for (;;) {
      // A person's work in the terminal comes first, including an unsent draft.
      if (!(await this.#waitUntilIdle())) return false;
      if (await terminals.hasDraft(this.#sessionId).catch(() => true)) continue;
      this.#isSent = true;
      this.#at = now().toISOString();
      try {
        await terminals.send(this.#sessionId, this.#message, this.#stopping.signal);
        this.#isTyped = true;
        return true;
      } catch (error) {
        this.#isSent = false;
        const { code } = error as AppError;
        if (this.#isStopped) return false;
        if (code === 'terminal_waits') continue;
        // Killed by us, or by somebody else.
        const isGone = code === 'turn_cancelled' || code === 'terminal_not_ours';
        if (!isGone || (await this.#findReply())) throw error;
        return false;
      }
    }
  }

  /** The terminal ended before the message was typed: runs it in a process, unless it was stopped. */
  async #runHeadless(): Promise<RunEnd> {
    const { agent, leases } = this.#deps;
    const { sessionId } = this.#spec;
    await leases.waitUntil(() => !leases.isForTerminal(sessionId), this.#stopping.signal);
    if (this.#isStopped) return toFailure('agent_killed', 'It was stopped before it was sent.');
    this.#begun.resolve();
    this.#headlessRun = await agent.run(this.#spec, this.#onOutput);
    // A stop that came while the process was starting.
    if (this.#isStopped) void this.#headlessRun.stop();
    return this.#headlessRun.end;
  }

  /** Resolves when the terminal is idle; null if it has ended, or on a stop. */
  async #waitUntilIdle(
    onPoll: (live: LiveSession) => Promise<void> = async () => {},
  ): Promise<LiveSession | null> {
    for (let polls = 0; !this.#isStopped; ) {
      const live = await this.#findLive();
      // A starting session has no process record yet.
      if (!live && !this.#deps.leases.isForTerminal(this.#sessionId)) return null;
      if (live) {
        this.#sessionId = live.sessionId;
        this.#pid = live.pid;
        await onPoll(live);
      }
      polls = live?.status === 'idle' ? polls + 1 : 0;
      if (live && polls >= settledPolls) return live;
      await delay(pollMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
    return null;
  }

  async #findLive(): Promise<LiveSession | undefined> {
    const all = await this.#deps.agent.listLiveSessions();
    const sameProcess = all.find((live) => live.pid === this.#pid);
    if (sameProcess || this.#isTyped) return sameProcess;
    // Before it is typed, another terminal of the session will do.
    return all.find((live) => live.sessionId === this.#sessionId);
  }

  #findReply(): Promise<TerminalReply | null> {
    const where = { sessionId: this.#sessionId, project: this.#spec.project, at: this.#at };
    return this.#deps.agent.transcripts.findReply(this.#message, where).catch(() => null);
  }

  /** Reports what was added to the reply. */
  async #readReply(): Promise<void> {
    const reply = await this.#findReply();
    if (!reply) return;
    const { text } = this.#reply;
    if (reply.text.length > text.length)
      this.#onOutput({ type: 'text', text: reply.text.slice(text.length) });
    this.#reply = reply;
  }

  /** Reads the reply to a command. Throws AppError `command_refused` after closing a dialog that it opened. */
  async #closeDialog({ status }: LiveSession): Promise<void> {
    this.#hasWorked ||= status === 'busy' || this.#reply.text !== '';
    // The model's questions come after work; a dialog that a person opens is theirs.
    const isDialog = status === 'waiting' && !this.#hasWorked && !this.#hasAsked;
    this.#dialogPolls = isDialog ? this.#dialogPolls + 1 : 0;
    if (this.#dialogPolls < dialogPolls) return this.#readReply();
    await this.#interrupt();
    throw new AppError(
      'command_refused',
      `${this.#message.split(/\s/, 1)[0]} opens a dialog in the terminal, which was closed: it can be used there alone.`,
    );
  }

  async #interrupt(): Promise<void> {
    await this.#deps.terminals.interrupt(this.#sessionId).catch(() => {});
  }

  async #toAnswer(durationMs: number): Promise<RunEnd> {
    const { transcripts } = this.#deps.agent;
    // A message that the terminal changed is not found by its text.
    const response = this.#hasReply
      ? this.#reply.text
      : await transcripts.readTextSince(this.#sessionId, this.#spec.project, this.#at).catch(() => '');
    return {
      kind: 'answer',
      response,
      sessionId: this.#sessionId,
      // A terminal does not report what a turn costs.
      cost: 0,
      totalCost: 0,
      turns: 1,
      durationMs,
      usage: {},
      permissionDenials: [],
      contextWindow: null,
    };
  }
}
