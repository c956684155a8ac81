import type { MessagePart } from './message.ts';
import type { Prompt, PromptOutcome } from './prompt.ts';
import type { LiveTurn } from './turn.ts';

type ToolPart = Extract<MessagePart, { type: 'tool' }>;

const between = (from: string, to: string) => Math.max(0, Date.parse(to) - Date.parse(from));

/** The call that a prompt is about: by its id, or (a terminal does not say it) the newest one of the tool that has no result. */
function changeTool(
  parts: readonly MessagePart[],
  prompt: Prompt,
  change: (tool: ToolPart) => ToolPart,
): MessagePart[] {
  const index = parts.findLastIndex(
    (part) =>
      part.type === 'tool' &&
      (prompt.tool_id ? part.id === prompt.tool_id : part.name === prompt.tool && part.output === null),
  );
  return parts.map((part, at) => (at === index && part.type === 'tool' ? change(part) : part));
}

/** A turn after a person was asked. */
export function noteAsked(turn: LiveTurn, prompt: Prompt, at: string): LiveTurn {
  const parts = changeTool(turn.parts, prompt, (tool) => ({ ...tool, asked_at: at }));
  return { ...turn, parts, state: 'waiting', waits_since: turn.waits_since ?? at };
}

/** A turn after a prompt was closed: what it waited for a person is not what its tools took. */
export function noteAnswered(
  turn: LiveTurn,
  prompt: Prompt | undefined,
  { outcome, at }: { outcome: PromptOutcome; at: string },
  isWaiting: boolean,
): LiveTurn {
  const parts = prompt ? changeTool(turn.parts, prompt, (tool) => answered(tool, outcome, at)) : turn.parts;
  if (isWaiting) return { ...turn, parts, state: 'waiting' };
  const waited_ms = (turn.waited_ms ?? 0) + (turn.waits_since ? between(turn.waits_since, at) : 0);
  return { ...turn, parts, state: 'running', waits_since: null, waited_ms };
}

function answered({ asked_at, ...tool }: ToolPart, outcome: PromptOutcome, at: string): ToolPart {
  const waited_ms = (tool.waited_ms ?? 0) + (asked_at ? between(asked_at, at) : 0);
  if (outcome === 'denied') return { ...tool, waited_ms, denied: 'person' };
  return outcome === 'timed_out' ? { ...tool, waited_ms, denied: 'nobody' } : { ...tool, waited_ms };
}
