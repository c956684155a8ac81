import type { AgentOutput, RunBudget, RunEnd } from '../../port.ts';
import { decodeLine } from '../decoder.ts';
import type {
  CliLine,
  InitLine,
  LifecycleLine,
  ResultLine,
  StateLine,
  TaskNotificationLine,
  TaskStartedLine,
} from '../protocol.ts';
import { costSince, fromResult } from '../result.ts';

/** A message that was written to a live process, or a turn that the process began on its own. */
export type LiveTurn = {
  /** The UUID of the message; null for the process's own turn. */
  readonly messageId: string | null;
  readonly budget: RunBudget | null;
  /** Whether a person can be asked. */
  readonly canPrompt: boolean;
  onOutput(output: AgentOutput): void;
  /** `wasTaken`: the process had the message, and may have acted on it. */
  settle(end: RunEnd, wasTaken: boolean): void;
};

type OpenTurn = LiveTurn & {
  /** `sent` until the process says that it has it; versions that do not say so go from `sent` to `started`. */
  state: 'sent' | 'queued' | 'started';
  /** The status of sub-agents in the background whose work no result has used yet, by run id. */
  awaited: Map<string, string>;
  result: ResultLine | null;
  /** The cost of its results so far, in USD. */
  cost: number;
};

export type LiveTurnsDeps = {
  /** The process begins a turn on its own; null to ignore it. */
  beginOwn(notification: string): LiveTurn | null;
  /** The cost of the session before this process (USD), as the CLI counts. */
  costBefore: number;
  sessionId(): string;
};

/** The detail of a message that the process never began. */
export const withdrawnMessage = 'The message was withdrawn before the agent began it.';

const killed = (detail: string, cost: number | null): RunEnd => ({
  kind: 'failure',
  code: 'agent_killed',
  detail,
  cost,
});

const toOpenTurn = (turn: LiveTurn, state: OpenTurn['state']): OpenTurn => ({
  ...turn,
  state,
  cost: 0,
  awaited: new Map(),
  result: null,
});

/**
 * Assigns the lines of a live process to its turns. A message is answered by the result that names its UUID; if
 * sub-agents continue in the background, by the one that uses the work of the last.
 */
export class LiveTurns {
  readonly #deps: LiveTurnsDeps;
  #open: OpenTurn[] = [];
  #own: OpenTurn | null = null;
  /** The turn of each tool call, for the output of its sub-agent. */
  readonly #toolOwners = new Map<string, { turn: OpenTurn; parent: string | null }>();
  readonly #openTools = new Set<string>();
  /** What background work reported last: the process may begin a turn because of it. */
  #notification = '';
  /** The total at the last result (USD); null before the first. */
  #costAtLastResult: number | null = null;

  constructor(deps: LiveTurnsDeps) {
    this.#deps = deps;
  }

  get isBusy(): boolean {
    return this.#open.length > 0 || this.#own !== null;
  }

  get isToolOpen(): boolean {
    return this.#openTools.size > 0;
  }

  /** Whether each message that was written was begun: two that wait would be merged into one turn. */
  get areAllBegun(): boolean {
    return this.#open.every((turn) => turn.state === 'started');
  }

  /** Registers a message that is about to be written. */
  add(turn: LiveTurn): void {
    this.#open.push(toOpenTurn(turn, 'sent'));
  }

  has(messageId: string | null): boolean {
    if (messageId === null) return this.#own !== null;
    return this.#open.some((turn) => turn.messageId === messageId);
  }

  handleLine(line: CliLine): void {
    if (line.type === 'result') this.#handleResult(line);
    else if (line.type === 'command_lifecycle') this.#handleLifecycle(line);
    else if (line.type === 'init') this.#handleInit(line);
    else if (line.type === 'task_started') this.#handleTaskStart(line);
    else if (line.type === 'task_notification') this.#handleTaskEnd(line);
    else if (line.type === 'session_state_changed') this.#handleState(line);
    else this.#handleOutputs(line);
  }

  /** Ends all open turns, as the process has ended. */
  endAll(end: RunEnd): void {
    for (const turn of [...this.#open, ...(this.#own ? [this.#own] : [])]) this.#end(turn, end);
  }

  /** The turn of a prompt or a hook of a tool call. */
  findOwner(toolId: string | null): LiveTurn | null {
    return this.#findOwner(toolId) ?? this.#open[0] ?? null;
  }

  /** The tool call whose sub-agent made a tool call; null for the model's own. */
  findParent(toolId: string | null): string | null {
    return this.#toolOwners.get(toolId ?? '')?.parent ?? null;
  }

  /** The cost of a turn so far (USD), if the process has counted `total`. */
  getCost({ messageId }: LiveTurn, total: number): number {
    const turn = this.#open.find((one) => one.messageId === messageId);
    return (turn?.cost ?? 0) + total - (this.#costAtLastResult ?? this.#deps.costBefore);
  }

  get #current(): OpenTurn | null {
    return (
      this.#open.findLast((turn) => turn.state === 'started' && !turn.result) ??
      this.#open.find((turn) => turn.awaited.size > 0) ??
      this.#own
    );
  }

  #findOwner(toolId: string | null): OpenTurn | null {
    return this.#toolOwners.get(toolId ?? '')?.turn ?? this.#current;
  }

  #end(turn: OpenTurn, end: RunEnd): void {
    this.#open = this.#open.filter((other) => other !== turn);
    if (this.#own === turn) this.#own = null;
    for (const [id, owner] of this.#toolOwners) if (owner.turn === turn) this.#toolOwners.delete(id);
    if (!this.isBusy) this.#openTools.clear();
    turn.settle(end, turn.state !== 'sent');
  }

  #finish(turn: OpenTurn): void {
    if (!turn.result) return;
    const isCut = [...turn.awaited.values()].some((status) => status !== 'completed');
    const end = fromResult(turn.result, turn.cost, this.#deps.sessionId());
    if (isCut && end.kind === 'answer')
      this.#end(turn, killed('A sub-agent was ended before its work was used.', end.cost));
    else this.#end(turn, end);
  }

  #handleResult(line: ResultLine): void {
    const runId = line.origin?.runId;
    const answered = this.#open.filter(
      (turn) => this.#isAnsweredBy(turn, line) || (runId && turn.awaited.has(runId)),
    );
    // One result can answer several messages; it was paid for once.
    const payer = answered[0] ?? this.#own;
    if (payer) payer.cost += costSince(line, this.#costAtLastResult, this.#deps.costBefore);
    this.#costAtLastResult = line.totalCostUsd ?? this.#costAtLastResult ?? 0;
    for (const turn of answered) {
      turn.result = line;
      if (runId) turn.awaited.delete(runId);
      if (!turn.awaited.size) this.#finish(turn);
    }
    if (!answered.length && this.#own) {
      this.#own.result = line;
      this.#finish(this.#own);
    }
  }

  #isAnsweredBy(turn: OpenTurn, { messageIds, origin }: ResultLine): boolean {
    if (messageIds) return messageIds.includes(turn.messageId ?? '');
    return !origin && turn.state === 'started' && !turn.result;
  }

  #handleLifecycle({ messageId, state }: LifecycleLine): void {
    const turn = this.#open.find((one) => one.messageId === messageId);
    if (!turn) return;
    if (state === 'queued' && turn.state === 'sent') turn.state = 'queued';
    else if (state === 'started') turn.state = 'started';
    else if (state === 'cancelled' && !turn.result) this.#end(turn, killed(withdrawnMessage, null));
  }

  #handleInit({ tracksMessages }: InitLine): void {
    if (this.#current) return;
    const sent = this.#open.find((turn) => turn.state === 'sent');
    if (sent && !tracksMessages) {
      sent.state = 'started';
      return;
    }
    const turn = this.#deps.beginOwn(this.#notification);
    this.#own = turn && toOpenTurn(turn, 'started');
    this.#notification = '';
  }

  #handleState({ state }: StateLine): void {
    if (state !== 'idle') return;
    // No more lines follow: turns that waited for sub-agents have all they get.
    for (const turn of [...this.#open]) this.#finish(turn);
  }

  #handleTaskStart({ runId, toolId, kind, isBackgrounded }: TaskStartedLine): void {
    if (isBackgrounded && kind === 'agent') this.#findOwner(toolId)?.awaited.set(runId, 'running');
  }

  #handleTaskEnd({ runId, status, summary }: TaskNotificationLine): void {
    this.#notification = summary;
    for (const turn of this.#open) if (turn.awaited.has(runId)) turn.awaited.set(runId, status);
  }

  #handleOutputs(line: CliLine): void {
    for (const output of decodeLine(line)) {
      const parent = 'parent_tool_id' in output ? output.parent_tool_id : null;
      const turn = parent ? this.#findOwner(parent) : this.#current;
      if (output.type === 'tool.started') {
        this.#openTools.add(output.tool_id);
        if (turn) this.#toolOwners.set(output.tool_id, { turn, parent });
      } else if (output.type === 'tool.finished') {
        this.#openTools.delete(output.tool_id);
      }
      turn?.onOutput(output);
    }
  }
}
