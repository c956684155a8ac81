import type { Event } from '../../../contract/event.ts';
import type { Prompt } from '../../../contract/prompt.ts';
import type {
  Agent,
  AgentOutput,
  PromptReply,
  PromptRequest,
  Run,
  RunEnd,
  RunSpec,
} from '../../agent/port.ts';
import { AppError } from '../../app-error.ts';
import type { Asked, Prompts } from '../../prompt/prompts.ts';
import type { Journal, TurnEnd } from '../../store/port.ts';
import { onAbort } from '../../util/abort-signal.ts';
import { contain } from '../../util/contain.ts';
import { isExhaustion } from '../../util/exhaustion.ts';
import { toFileError } from '../../util/file-error.ts';
import type { ActiveTurn } from '../state.ts';
import { createPausableTimeout, type PausableTimeout } from './pausable-timeout.ts';
import { resolveTurnEnd } from './result.ts';
import { addText, joinText } from './streamed-text.ts';
import { addWarning, checkTranscriptKept } from './warnings.ts';

/** What running a turn needs. */
export type TurnRunDeps = {
  agent: Agent;
  journal: Journal;
  prompts: Prompts;
  warn(error: unknown, text: string): void;
  now(): Date;
  /** A turn waits for a person now, or no longer does. */
  onWaiting(active: ActiveTurn): void;
};

/** Gets the run of a turn going. Null where a stop came first. */
export type StartRun = (onOutput: (output: AgentOutput) => void) => Promise<Run | null>;

/** Handles the output of one run. */
type Reading = {
  project: string;
  clock: PausableTimeout | null;
  /** Aborted when the turn is over: later output is ignored, and its prompts are closed. */
  over: AbortController;
  /** Resolves if output of the agent could not be handled. */
  fault: ReturnType<typeof createFailure>;
};

const startReading = (project: string): Reading => ({
  project,
  clock: null,
  over: new AbortController(),
  fault: createFailure(),
});

type Failure = Extract<RunEnd, { kind: 'failure' }>;

/** Runs a turn that is marked as running to its end. Never throws: every fault is an end of the turn. */
export async function runTurn(
  active: ActiveTurn,
  how: { spec: RunSpec; timeoutS: number; start: StartRun },
  deps: TurnRunDeps,
): Promise<{ turnEnd: TurnEnd; end: RunEnd | null }> {
  const { spec, timeoutS } = how;
  const reading = startReading(spec.project);
  let end: RunEnd | null = null;
  let detail: string | undefined;
  try {
    // Output that a background shell causes after the answer is not part of this turn.
    const run = await how.start(
      (output) =>
        (!reading.over.signal.aborted || output.type === 'warning') &&
        handleSafely(active, output, reading, deps),
    );
    if (run) end = await awaitEnd(active, run, reading, timeoutS);
  } catch (error) {
    end = toFailure(error);
    if (!end) {
      deps.warn(error, `turn ${active.turn.id} failed for a fault of the server`);
      detail = (error as Error).message;
    }
  }
  if (active.stop === 'shutdown') {
    detail = describeWaiting(deps.prompts.listOfTurn(active.turn.id));
    deps.prompts.closeRestarted(active.turn.id);
  }
  reading.over.abort();
  logFault(active, end, deps);
  recordContext(active, end, deps);
  await checkTranscriptKept(active, end, spec.project, deps);
  if (active.stop === 'timeout') detail = `The turn did not end within ${timeoutS} s.`;
  const text = end?.kind === 'answer' ? '' : await readWrittenText(active, spec, deps);
  const at = deps.now().toISOString();
  const turnEnd = resolveTurnEnd(active.turn, {
    end,
    stopTurn: active.stop,
    ...(detail ? { detail } : {}),
    text,
    at,
    warnings: active.warnings,
  });
  return { turnEnd, end };
}

/** The failure that an error means which stopped a turn from running. Null for a fault of the server itself. */
function toFailure(error: unknown): Failure | null {
  const known = error instanceof AppError ? error : toFileError(error);
  if (isExhaustion(error))
    return { kind: 'failure', code: 'machine_exhausted', detail: (error as Error).message, cost: null };
  const fault = known?.code === 'file_unavailable' ? error : undefined;
  return known && { kind: 'failure', code: known.code, detail: known.message, cost: null, fault };
}

/** Logs a fault of the server itself that ended a turn. */
export function logFault(
  { turn }: ActiveTurn,
  end: RunEnd | null,
  { warn }: Pick<TurnRunDeps, 'warn'>,
): void {
  if (end?.kind === 'failure' && end.fault)
    warn(end.fault, `turn ${turn.id} failed for a fault of the server`);
}

/** What a turn waited for when the server stopped, as a sentence; undefined if it waited for nothing. */
export function describeWaiting(prompts: readonly Prompt[]): string | undefined {
  const asked = prompts.map(({ kind, tool }) => `${kind} (${tool})`);
  return asked.length
    ? `The server stopped while the turn waited for an answer to a ${asked.join(' and a ')}.`
    : undefined;
}

async function awaitEnd(active: ActiveTurn, run: Run, reading: Reading, timeoutS: number): Promise<RunEnd> {
  active.run = run;
  reading.clock = createPausableTimeout(timeoutS * 1000, () => {
    active.stop ??= 'timeout';
    void run.stop();
  });
  if (run.begun) void run.begun.then(reading.clock.pause());
  try {
    // A stop that came while the process was being made.
    if (active.stop) void run.stop();
    const end = await Promise.race([run.end, reading.fault.end]);
    if (end === ourFault) await run.stop();
    if (end.kind === 'failure' && active.stop) await run.stop();
    return end;
  } finally {
    reading.clock.dispose();
  }
}

/** Follows a run that the agent began on its own; it has no time limit. */
export function followAgentTurn(
  active: ActiveTurn,
  project: string,
  deps: TurnRunDeps,
): (output: AgentOutput) => void {
  const reading = startReading(project);
  void active.run?.end.then(() => reading.over.abort());
  void reading.fault.end.then(() => active.run?.stop());
  return (output) => !reading.over.signal.aborted && handleSafely(active, output, reading, deps);
}

/** The end of a turn whose output could not be handled, as a promise and what resolves it. */
function createFailure() {
  let failTurn = () => {};
  const end = new Promise<RunEnd>((resolve) => {
    failTurn = () => resolve(ourFault);
  });
  return { end, fail: failTurn };
}

const ourFault: RunEnd = {
  kind: 'failure',
  code: 'internal',
  detail: 'The server could not handle what the agent said.',
  cost: null,
};

function handleSafely(active: ActiveTurn, output: AgentOutput, reading: Reading, deps: TurnRunDeps): void {
  containFault(active, reading, deps, () => handleOutput(active, output, reading, deps));
}

/** Agents call this from their event handlers: a fault of the server ends this turn alone, as a fault of the server. */
function containFault(active: ActiveTurn, reading: Reading, deps: TurnRunDeps, work: () => unknown): void {
  contain(work, (error) => {
    deps.warn(error, `turn ${active.turn.id} failed for a fault of the server`);
    reading.fault.fail();
    reading.over.abort();
  })();
}

function handleOutput(
  active: ActiveTurn,
  output: AgentOutput,
  reading: Reading,
  deps: TurnRunDeps,
): void | Promise<void> {
  if (output.type === 'warning') {
    deps.warn(null, output.text);
    if (output.code) addWarning(active, output.code);
  } else if (output.type === 'prompt.asked') return handlePrompt(active, output, reading, deps);
  else {
    active.text = addText(active.text, output);
    const common = { conv_id: active.turn.conv_id, turn_id: active.turn.id, at: deps.now().toISOString() };
    deps.journal.append([toEvent(active, output, common)]);
  }
}

async function handlePrompt(
  active: ActiveTurn,
  request: PromptRequest,
  reading: Reading,
  deps: TurnRunDeps,
): Promise<void> {
  const { turn } = active;
  const { id, kind, tool, input, reason, parent_tool_id, tool_id = null } = request.prompt;
  reading.clock?.pauseUntil(request.signal);
  const respond = (reply: PromptReply) => {
    if (reply.decision === 'deny' && reply.interrupt) active.stop ??= kind === 'budget' ? 'budget' : 'cancel';
    const isDelivered = request.respond(reply);
    recordWaiting(active, deps);
    return isDelivered;
  };
  const signal = withdrawalSignal(active, request.signal, reading.over.signal);
  const prompt: Asked = {
    id,
    kind,
    conv_id: turn.conv_id,
    turn_id: turn.id,
    tool,
    input,
    reason,
    project: reading.project,
    parent_tool_id,
    tool_id,
    opened_at: deps.now().toISOString(),
  };
  try {
    await deps.prompts.ask(prompt, { respond, signal });
  } catch (error) {
    deps.warn(error, 'a prompt could not be stored');
    respond({
      decision: 'deny',
      message: `The question could not be put to the user: ${(error as Error).message}. Do not continue.`,
      interrupt: true,
    });
  }
  recordWaiting(active, deps);
  onAbort(signal, () => {
    if (!reading.over.signal.aborted) containFault(active, reading, deps, () => recordWaiting(active, deps));
  });
}

/** Aborted when a prompt can no longer be answered. At a shutdown only `over` counts: the turn says what it waited for. */
function withdrawalSignal(active: ActiveTurn, agentSignal: AbortSignal, over: AbortSignal): AbortSignal {
  const withdrawal = new AbortController();
  onAbort(agentSignal, () => {
    if (active.stop !== 'shutdown') withdrawal.abort();
  });
  onAbort(over, () => withdrawal.abort());
  return withdrawal.signal;
}

function recordWaiting(active: ActiveTurn, deps: TurnRunDeps): void {
  const state = deps.prompts.listOfTurn(active.turn.id).length ? 'waiting' : 'running';
  if (active.turn.state === state || !['running', 'waiting'].includes(active.turn.state)) return;
  active.turn.state = state;
  deps.onWaiting(active);
}

/** Only the result has the size of the context. */
function recordContext(active: ActiveTurn, end: RunEnd | null, deps: TurnRunDeps): void {
  const { turn, context } = active;
  if (end?.kind !== 'answer' || end.contextWindow === null || !context) return;
  active.context = { tokens: context.tokens, window: end.contextWindow };
  const common = { conv_id: turn.conv_id, turn_id: turn.id, at: deps.now().toISOString() };
  deps.journal.append([{ type: 'usage', ...common, usage: end.usage, context: active.context }]);
}

type JournaledOutput = Exclude<AgentOutput, { type: 'warning' | 'prompt.asked' }>;

function toEvent(
  active: ActiveTurn,
  output: JournaledOutput,
  common: { conv_id: string; turn_id: string; at: string },
): Event {
  switch (output.type) {
    case 'text':
    case 'thinking':
      return { ...common, type: `${output.type}.delta`, text: output.text };
    case 'retrying':
      return { ...common, ...output, type: 'turn.retrying' };
    case 'usage':
      active.context = { tokens: output.contextTokens, window: null };
      return { ...common, type: 'usage', usage: output.usage, context: active.context };
    default:
      return { ...common, ...output };
  }
}

/** What came of a turn without an answer: what was read along, or what the transcript has. */
async function readWrittenText(active: ActiveTurn, spec: RunSpec, deps: TurnRunDeps): Promise<string> {
  const text = joinText(active.text);
  if (text || !active.run) return text;
  return deps.agent.transcripts
    .readTextSince(spec.sessionId, spec.project, active.turn.started_at ?? '')
    .catch(() => '');
}
