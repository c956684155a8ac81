import { asText, figure } from '../../../transcript/plain-value.ts';
import type { AgentOutput, RunBudget, RunEnd } from '../../port.ts';
import { decodeLine, holdsTurn, type Line } from '../decoder.ts';
import { costSince, fromResult, type ResultLine } from '../result.ts';

/** A message that was written to a live process, or a turn that the process began by itself. */
export type LiveTurn = {
  /** The UUID of the message; null for the process's own turn. */
  readonly messageId: string | null;
  readonly budget: RunBudget | null;
  /** Whether there is somebody to answer what it asks. */
  readonly mayAsk: boolean;
  output(output: AgentOutput): void;
  /** `wasTaken`: the process had it, and may have done something about it. */
  settle(end: RunEnd, wasTaken: boolean): void;
};

type Open = LiveTurn & {
  /** `sent` until the process says that it has it; versions without that word go from `sent` to `started`. */
  state: 'sent' | 'queued' | 'started';
  /** Sub-agents in the background whose work no result has used yet: how each stands, by run id. */
  awaited: Map<string, string>;
  result: ResultLine | null;
  /** What its results have cost so far, in USD. */
  cost: number;
};

/**
 * Tells which line of a live process belongs to which turn. A message is answered by the result that
 * names its UUID; where sub-agents go on in the background, by the one that uses the last one's work.
 */
export function createLiveTurns(deps: {
  begin(about: string): LiveTurn | null;
  costBefore: number;
  sessionId(): string;
}) {
  let open: Open[] = [];
  let own: Open | null = null;
  /** Which turn a tool call belongs to, for what its sub-agent does. */
  const owners = new Map<string, { turn: Open; parent: string | null }>();
  const openTools = new Set<string>();
  let about = '';
  /** What the process had counted at its last result; null before the first. */
  let total: number | null = null;

  const current = (): Open | null =>
    open.findLast((turn) => turn.state === 'started' && !turn.result) ??
    open.find((turn) => turn.awaited.size > 0) ??
    own;
  const ownerOf = (toolId: unknown): Open | null => owners.get(asText(toolId))?.turn ?? current();

  function end(turn: Open, value: RunEnd): void {
    open = open.filter((other) => other !== turn);
    if (own === turn) own = null;
    for (const [id, owner] of owners) if (owner.turn === turn) owners.delete(id);
    if (!open.length && !own) openTools.clear();
    turn.settle(value, turn.state !== 'sent');
  }

  function finish(turn: Open): void {
    if (!turn.result) return;
    const isCut = [...turn.awaited.values()].some((status) => status !== 'completed');
    const value = fromResult(turn.result, turn.cost, deps.sessionId());
    if (isCut && value.kind === 'answer') {
      end(turn, {
        kind: 'failure',
        code: 'agent_killed',
        detail: 'A sub-agent was ended before its work was used.',
        cost: value.cost,
      });
    } else {
      end(turn, value);
    }
  }

  function takeResult(line: ResultLine): void {
    const uuids = Array.isArray(line.user_message_uuids) ? line.user_message_uuids : undefined;
    const runId = asText(line.origin?.runId) || undefined;
    const isAnswered = (turn: Open) =>
      uuids ? uuids.includes(turn.messageId ?? '') : !line.origin && turn.state === 'started' && !turn.result;
    const answered = open.filter(
      (turn) => isAnswered(turn) || (runId !== undefined && turn.awaited.has(runId)),
    );
    // One result can answer several messages; it was paid for once.
    const payer = answered[0] ?? own;
    if (payer) payer.cost += costSince(line, total, deps.costBefore);
    total = figure(line.total_cost_usd, total ?? 0);
    for (const turn of answered) {
      turn.result = line;
      if (runId) turn.awaited.delete(runId);
      if (!turn.awaited.size) finish(turn);
    }
    if (!answered.length && own) {
      own.result = line;
      finish(own);
    }
  }

  function takeLifecycle(line: Line): void {
    const turn = open.find(({ messageId }) => messageId === line['command_uuid']);
    if (!turn) return;
    if (line['state'] === 'queued' && turn.state === 'sent') turn.state = 'queued';
    else if (line['state'] === 'started') turn.state = 'started';
    else if (line['state'] === 'cancelled' && !turn.result) {
      end(turn, {
        kind: 'failure',
        code: 'agent_killed',
        detail: 'The message was taken back before it was begun.',
        cost: null,
      });
    }
  }

  function takeInit(line: Line): void {
    if (current()) return;
    const saysWhich =
      Array.isArray(line['capabilities']) && line['capabilities'].includes('msg_lifecycle_v1');
    const sent = open.find((turn) => turn.state === 'sent');
    if (sent && !saysWhich) {
      sent.state = 'started';
      return;
    }
    const begun = deps.begin(about);
    own = begun && { ...begun, cost: 0, state: 'started', awaited: new Map(), result: null };
    about = '';
  }

  function takeTask(line: Line): void {
    const runId = asText(line['run_id']);
    if (line.subtype === 'task_started' && line['is_backgrounded'] && holdsTurn(line['task_type'])) {
      ownerOf(line['tool_use_id'])?.awaited.set(runId, 'running');
    } else if (line.subtype === 'task_notification') {
      about = asText(line['summary']);
      for (const turn of open) if (turn.awaited.has(runId)) turn.awaited.set(runId, asText(line['status']));
    }
  }

  function takeOutputs(line: Line): void {
    for (const output of decodeLine(line)) {
      const parent = 'parent_tool_id' in output ? output.parent_tool_id : null;
      const turn = parent ? ownerOf(parent) : current();
      if (output.type === 'tool.started') {
        openTools.add(output.tool_id);
        if (turn) owners.set(output.tool_id, { turn, parent });
      } else if (output.type === 'tool.finished') {
        openTools.delete(output.tool_id);
      }
      turn?.output(output);
    }
  }

  return {
    /** Takes up a message that is about to be written. */
    add(turn: LiveTurn): void {
      open.push({ ...turn, cost: 0, state: 'sent', awaited: new Map(), result: null });
    },
    take(line: Line): void {
      if (line.type === 'result') takeResult(line as ResultLine);
      else if (line.type === 'command_lifecycle') takeLifecycle(line);
      else if (line.subtype === 'init') takeInit(line);
      else if (line.subtype === 'task_started' || line.subtype === 'task_notification') takeTask(line);
      // Nothing more comes by itself: what waited for sub-agents has all there is.
      else if (line.subtype === 'session_state_changed' && line['state'] === 'idle')
        for (const turn of [...open]) finish(turn);
      else takeOutputs(line);
    },
    /** Ends all that are open, as the process did. */
    fail(value: RunEnd): void {
      for (const turn of [...open, ...(own ? [own] : [])]) end(turn, value);
    },
    /** What a prompt or a hook of a tool call belongs to. */
    ownerOf: (toolId: unknown): LiveTurn | null => ownerOf(toolId) ?? open[0] ?? null,
    /** The tool call whose sub-agent made a tool call; null for the model's own. */
    parentOf: (toolId: unknown): string | null => owners.get(asText(toolId))?.parent ?? null,
    /** What a turn has cost so far (USD), where the process has counted so much in all. */
    spentBy: (turn: LiveTurn, counted: number): number =>
      (turn as Open).cost + counted - (total ?? deps.costBefore),
    isBusy: (): boolean => open.length > 0 || own !== null,
    isToolOpen: (): boolean => openTools.size > 0,
    /** Whether each message that was written was begun: two that wait would be merged into one turn. */
    areAllBegun: (): boolean => open.every((turn) => turn.state === 'started'),
    has: (messageId: string | null): boolean =>
      messageId === null ? own !== null : open.some((turn) => turn.messageId === messageId),
  };
}
