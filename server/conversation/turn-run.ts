import type { Event } from '../../contract/event.ts';
import type { Agent, AgentOutput, RunEnd, RunSpec } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { Journal, TurnEnd, TurnStore } from '../store/port.ts';
import type { Active } from './lanes.ts';
import { decideEnd } from './outcome.ts';
import { addText, joinText } from './text-so-far.ts';

/** What running a turn needs. */
export type TurnRunDeps = {
  agent: Agent;
  turns: TurnStore;
  journal: Journal;
  /** Waits for a place to start a process in; gives the function that frees it. */
  takeStartSlot(): Promise<() => void>;
  warn(error: unknown, text: string): void;
  now(): Date;
};

/** Runs a turn that is marked as running to its end. Never throws: every fault is an end of the turn. */
export async function runTurn(active: Active, spec: RunSpec, timeoutS: number, deps: TurnRunDeps): Promise<{ turnEnd: TurnEnd; end: RunEnd | null }> {
  const { turn } = active;
  let end: RunEnd | null = null;
  let detail: string | undefined;
  let isOpen = true;
  const onOutput = (output: AgentOutput) => {
    // What a background shell causes after the answer is no part of this turn.
    if (isOpen) takeOutput(active, output, deps);
  };
  try {
    end = await runAgent(active, spec, timeoutS, { ...deps, onOutput });
  } catch (error) {
    if (error instanceof AppError) end = { kind: 'failure', code: error.code, detail: error.message };
    else {
      deps.warn(error, 'a turn failed');
      detail = (error as Error).message;
    }
  }
  isOpen = false;
  if (active.stop === 'timeout') detail = `The turn did not end within ${timeoutS} s.`;
  const text = end?.kind === 'answer' ? '' : await writtenText(active, spec, deps);
  return { turnEnd: decideEnd(turn, { end, stop: active.stop, ...(detail ? { detail } : {}), text, at: deps.now().toISOString() }), end };
}

async function runAgent(
  active: Active,
  spec: RunSpec,
  timeoutS: number,
  deps: TurnRunDeps & { onOutput(output: AgentOutput): void },
): Promise<RunEnd | null> {
  const freeSlot = await deps.takeStartSlot();
  let timer: NodeJS.Timeout | undefined;
  try {
    if (active.stop) return null;
    const run = await deps.agent.run(spec, deps.onOutput);
    active.run = run;
    void run.started.then(freeSlot);
    noteProcess(active, deps);
    timer = setTimeout(() => {
      active.stop ??= 'timeout';
      void run.stop();
    }, timeoutS * 1000);
    // A stop that came while the process was being made.
    if (active.stop) void run.stop();
    const end = await run.end;
    if (end.kind === 'failure' && active.stop) await run.stop();
    return end;
  } finally {
    clearTimeout(timer);
    if (!active.run) freeSlot();
  }
}

function noteProcess({ turn, run }: Active, deps: TurnRunDeps): void {
  if (!run) return;
  turn.pid = run.pid;
  turn.pid_start = run.pidStart;
  try {
    deps.turns.noteProcess(turn.id, run.pid, run.pidStart);
  } catch (error) {
    // After a crash the process is then found by its mark.
    deps.warn(error, 'the process of a turn could not be noted');
  }
}

function takeOutput(active: Active, output: AgentOutput, deps: TurnRunDeps): void {
  if (output.type === 'warning') {
    deps.warn(null, output.text);
    return;
  }
  active.text = addText(active.text, output);
  const common = { conv_id: active.turn.conv_id, turn_id: active.turn.id, at: deps.now().toISOString() };
  deps.journal.append([toEvent(output, common)]);
}

function toEvent(output: Exclude<AgentOutput, { type: 'warning' }>, common: { conv_id: string; turn_id: string; at: string }): Event {
  switch (output.type) {
    case 'text':
    case 'thinking':
      return { ...common, type: `${output.type}.delta`, text: output.text };
    case 'retrying':
      return { ...common, ...output, type: 'turn.retrying' };
    default:
      return { ...common, ...output };
  }
}

/** What came of a turn without an answer: what was read along, or what the transcript has. */
async function writtenText(active: Active, spec: RunSpec, deps: TurnRunDeps): Promise<string> {
  const text = joinText(active.text);
  if (text || !active.run) return text;
  return deps.agent.writtenSince(spec.sessionId, spec.project, active.turn.started_at ?? '').catch(() => '');
}
