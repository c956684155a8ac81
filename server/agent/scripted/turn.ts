import type { Block } from '../../transcript/message-part.ts';
import { textOf, toPart } from '../../transcript/message-part.ts';
import { toMessageContent } from '../claude/live/content.ts';
import type { AgentOutput, Run, RunEnd, RunSpec } from '../port.ts';
import { contextWindow, costOf } from './cost.ts';
import { askModel, type ModelMessage, type ModelReply, type Usage } from './model.ts';
import { ModelError } from './model-error.ts';
import { type CallContext, type CallResult, Interrupted, runToolCall } from './tool-call.ts';
import type { ToolResult } from './tools.ts';
import type { TurnHost } from './turn-host.ts';

/** `waiting` in the session's queue, `merged` into the turn that runs, `parked` while its sub-agents work. */
type State = 'waiting' | 'running' | 'merged' | 'parked' | 'ended';

type TurnOptions = {
  session: TurnHost<ScriptedTurn>;
  /** Null for a turn that the agent starts itself because background work has a result. */
  spec: RunSpec | null;
  output(output: AgentOutput): void;
};

/** A message and everything it causes, until its result. */
export class ScriptedTurn {
  readonly end: Promise<RunEnd>;
  output: (output: AgentOutput) => void;
  readonly #session: TurnHost<ScriptedTurn>;
  readonly #spec: RunSpec | null;
  readonly #abort = new AbortController();
  readonly #startedAt: number;
  /** Messages that this turn answers as well. */
  readonly #merged: ScriptedTurn[] = [];
  /** Sub-agents whose result no step has used yet, by the id of their tool call. */
  readonly #agents = new Set<string>();
  readonly #usage: Usage = { input_tokens: 0, output_tokens: 0 };
  readonly #denials: object[] = [];
  #host: ScriptedTurn | null = null;
  #state: State = 'waiting';
  #cost = 0;
  #replies = 0;
  #partialText = '';
  #settle: (end: RunEnd) => void = () => {};

  constructor({ session, spec, output }: TurnOptions) {
    this.#session = session;
    this.#spec = spec;
    this.output = output;
    this.#startedAt = session.now().getTime();
    this.end = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get isParked(): boolean {
    return this.#state === 'parked';
  }

  toRun(exited: Promise<void>): Run {
    return {
      started: Promise.resolve(),
      end: this.end,
      exited,
      stop: () => this.stop(),
      steer: this.#session.isKept ? (spec, onOutput) => this.#session.send(spec, onOutput) : null,
    };
  }

  /** Works on the message until there is a result, or until only sub-agents are left to wait for. */
  async start(notice: string | null = null): Promise<void> {
    if (this.#state !== 'waiting') return;
    this.#state = 'running';
    await this.#attempt(async () => {
      if (notice !== null) this.#addNotice(notice);
      else if (this.#spec) {
        const content = await toMessageContent(this.#spec);
        this.#session.add('user', content, { uuid: this.#spec.messageId });
      }
    });
  }

  /** Continues with the result of a sub-agent. */
  async resume(notice: string, agentId: string): Promise<void> {
    this.#agents.delete(agentId);
    if (this.#state !== 'parked') return;
    this.#state = 'running';
    await this.#attempt(async () => this.#addNotice(notice));
  }

  /** Takes a message that was sent meanwhile into this turn. */
  merge(turn: ScriptedTurn): string {
    turn.#state = 'merged';
    turn.#host = this;
    this.#merged.push(turn);
    return turn.#spec?.message ?? '';
  }

  async stop(): Promise<void> {
    if (this.#host) return this.#host.stop();
    this.#abort.abort(new Interrupted('The turn was stopped.'));
    if (this.#state === 'waiting' || this.#state === 'parked') this.#finish(interruption('It was stopped.'));
    await this.end;
  }

  /** Ends it as a process that dies does. */
  fail(end: RunEnd): void {
    this.#finish(end);
    this.#abort.abort(new Interrupted('The agent has ended.'));
  }

  #addNotice(notice: string): void {
    this.#session.add('user', notice, { origin: { kind: 'task-notification' } });
  }

  async #attempt(addMessage: () => Promise<void>): Promise<void> {
    try {
      await addMessage();
      const text = await this.#converse(this.#session.messages, null);
      if (this.#agents.size) this.#state = 'parked';
      else this.#finish(this.#toAnswer(text));
    } catch (error) {
      this.#finish(this.#toFailure(error));
    }
  }

  #finish(end: RunEnd): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#session.noteEnd(this);
    this.#settle(end);
    const shared: RunEnd = end.kind === 'answer' ? { ...end, cost: 0 } : end;
    for (const turn of this.#merged) turn.#finish(shared);
  }

  #toAnswer(response: string): RunEnd {
    const { sessionId, totalCost } = this.#session;
    this.#session.noteCost();
    return {
      kind: 'answer',
      response,
      sessionId,
      cost: this.#cost,
      totalCost,
      turns: this.#replies,
      durationMs: this.#session.now().getTime() - this.#startedAt,
      usage: { ...this.#usage },
      permissionDenials: this.#denials,
      contextWindow,
    };
  }

  #toFailure(error: unknown): RunEnd {
    if (this.#abort.signal.aborted || error instanceof Interrupted) {
      if (this.#partialText) this.#session.addText(this.#partialText);
      this.#session.add('user', '[Request interrupted by user]');
      return interruption((error as Error).message);
    }
    const detail = (error as Error).message;
    this.#session.addText(detail, { isApiErrorMessage: true, model: '<synthetic>' });
    const code = error instanceof ModelError ? error.code : 'agent_failed';
    return { kind: 'failure', code, detail, cost: this.#cost };
  }

  /** Lets the model speak and runs its tools until it has nothing more to do. Returns its last text. */
  async #converse(messages: ModelMessage[], parentToolId: string | null): Promise<string> {
    for (;;) {
      const reply = await this.#ask(messages, parentToolId);
      const calls = reply.blocks.filter(({ type }) => type === 'tool_use');
      if (!calls.length) return textOf(reply.blocks.flatMap((block) => toPart(block) ?? []));
      const results: object[] = [];
      for (const call of calls) results.push(await this.#runCall(call, parentToolId));
      if (parentToolId === null) results.push(...this.#session.mergeWaiting(this));
      messages.push({ role: 'user', content: results });
    }
  }

  async #ask(messages: ModelMessage[], parentToolId: string | null): Promise<ModelReply> {
    const isMain = parentToolId === null;
    const session = this.#session;
    this.#partialText = '';
    const reply = await askModel(session.modelDeps(this.#abort.signal), session.toRequest(messages), {
      text: (text) => {
        if (!isMain) return;
        this.#partialText += text;
        this.output({ type: 'text', text });
      },
      thinking: (text) => isMain && this.output({ type: 'thinking', text }),
      block: (block, messageId, model) => {
        if (isMain) session.addBlock(block, messageId, model);
        this.#outputBlock(block, messageId, parentToolId);
        if (isMain) this.#partialText = '';
      },
      retrying: (reason, attempt, isCut) =>
        this.output({ type: 'retrying', reason, attempt, discard_text: isCut }),
    });
    messages.push({ role: 'assistant', content: reply.blocks });
    this.#count(reply, isMain);
    return reply;
  }

  #count({ usage }: ModelReply, isMain: boolean): void {
    this.#cost += costOf(usage);
    this.#session.totalCost += costOf(usage);
    this.#usage.input_tokens += usage.input_tokens;
    this.#usage.output_tokens += usage.output_tokens;
    if (!isMain) return;
    this.#replies += 1;
    this.output({ type: 'usage', usage, contextTokens: usage.input_tokens + usage.output_tokens });
  }

  #outputBlock(block: Block, message_id: string, parent_tool_id: string | null): void {
    const part = toPart(block);
    if (part?.type === 'tool') {
      const { id, name, input, change } = part;
      this.output({
        type: 'tool.started',
        tool_id: id,
        name,
        input,
        parent_tool_id,
        ...(change ? { change } : {}),
      });
    } else if (part) {
      this.output({ type: 'message', message_id, text: textOf([part]), parts: [part], parent_tool_id });
    }
  }

  async #runCall(call: Block, parentToolId: string | null): Promise<object> {
    const result = await runToolCall(call, this.#toCallContext(parentToolId));
    this.#abort.signal.throwIfAborted();
    const { output, isError, denied } = result;
    if (denied) this.#denials.push({ tool_name: call.name, tool_use_id: call.id, tool_input: call.input });
    const block = { type: 'tool_result', tool_use_id: call.id, content: output, is_error: isError };
    if (parentToolId === null) this.#session.addResult(block, result);
    this.output({
      type: 'tool.finished',
      tool_id: String(call.id),
      output,
      is_error: isError,
      ...(denied ? { denied } : {}),
      parent_tool_id: parentToolId,
    });
    return block;
  }

  #toCallContext(parentToolId: string | null): CallContext {
    const session = this.#session;
    return {
      ...session.callContext(),
      signal: this.#abort.signal,
      parentToolId,
      output: (output) => this.output(output),
      startBeside: (call) => this.#startBeside(call),
      budgetPrompt: (tool) => {
        const left = this.#spec?.budget?.left(this.#cost);
        if (left === undefined || !session.isKept || this.#cost < left) return null;
        const input = { spent_usd: this.#cost, left_usd: left };
        return { kind: 'budget', tool, input, reason: 'The budget is used up.', parent_tool_id: null };
      },
    };
  }

  #startBeside(call: Block): Promise<ToolResult> | null {
    const input = (call.input ?? {}) as Record<string, unknown>;
    if (call.name === 'Bash' && input['run_in_background'] === true)
      return this.#session.shells.start(String(input['command']));
    return call.name === 'Agent' ? this.#startAgent(String(call.id), input) : null;
  }

  async #startAgent(id: string, input: Record<string, unknown>): Promise<CallResult> {
    const description = String(input['description'] ?? '');
    this.#agents.add(id);
    const session = this.#session;
    session.tasks.add({ id, kind: 'agent', description });
    const work = this.#converse([{ role: 'user', content: String(input['prompt']) }], id);
    work
      .then(
        () => ['completed', `Agent "${description}" finished`] as const,
        () => [this.#abort.signal.aborted ? 'killed' : 'failed', `Agent "${description}" failed`] as const,
      )
      .then(([status, summary]) => {
        session.tasks.remove(id, status, summary);
        session.notifyTurn(this, id, toNotice(id, status, summary));
      })
      .catch((error: Error) => this.fail({ ...interruption(error.message) }));
    return { output: `Async agent launched successfully.\nagentId: ${id}`, isError: false };
  }
}

export const toNotice = (id: string, status: string, summary: string): string =>
  `<task-notification>\n<task-id>${id}</task-id>\n<status>${status}</status>\n<summary>${summary}</summary>\n</task-notification>`;

const interruption = (detail: string): RunEnd => ({
  kind: 'failure',
  code: 'agent_killed',
  detail,
  cost: null,
});
