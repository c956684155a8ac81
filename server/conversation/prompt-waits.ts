import type { HistoryMessage, HistoryTurn, MessagePart } from '../../contract/message.ts';
import type { AskedPrompt } from '../store/port.ts';

type ToolPart = Extract<MessagePart, { type: 'tool' }>;
type Page = { messages: HistoryMessage[]; turns: HistoryTurn[] };

const timeOf = (text: string) => Date.parse(text);

/** How long a person was waited for; those that wait at the same time are counted once. They come in the order in which they began. */
function sumWaits(asked: readonly AskedPrompt[]): number {
  let total = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { prompt, closed_at } of asked) {
    if (closed_at === null) continue;
    const end = timeOf(closed_at);
    total += Math.max(0, end - Math.max(until, timeOf(prompt.opened_at)));
    until = Math.max(until, end);
  }
  return total;
}

/** Whether a prompt was about a call. A terminal does not say which: then it is the one of its tool that was under way. */
function isAbout({ prompt }: AskedPrompt, tool: ToolPart): boolean {
  if (prompt.tool_id) return prompt.tool_id === tool.id;
  if (!tool.at || prompt.tool !== tool.name || prompt.opened_at < tool.at) return false;
  return tool.output === null || timeOf(prompt.opened_at) <= timeOf(tool.at) + (tool.duration_ms ?? 0);
}

function subtractWaits(tool: ToolPart, asked: readonly AskedPrompt[]): ToolPart {
  const own = asked.filter((one) => isAbout(one, tool));
  const last = own.at(-1);
  if (!last) return tool;
  const waited_ms = sumWaits(own);
  const { duration_ms } = tool;
  const isOpen = last.outcome === null && tool.output === null;
  // Older versions of the agent do not say in the transcript that it never ran.
  const denied = tool.denied ?? (tool.is_error && last.outcome === 'denied' ? 'person' : undefined);
  return {
    ...tool,
    waited_ms,
    ...(duration_ms === undefined ? {} : { duration_ms: Math.max(0, duration_ms - waited_ms) }),
    ...(isOpen ? { asked_at: last.prompt.opened_at } : {}),
    ...(denied ? { denied } : {}),
  };
}

/** A page of history with what is known of the prompts in it: what waits, what was denied, and what a person took. */
export function addWaits({ messages, turns }: Page, asked: readonly AskedPrompt[]): Page {
  if (!asked.length) return { messages, turns };
  const withTools = (parts: readonly MessagePart[]) =>
    parts.map((part) => (part.type === 'tool' ? subtractWaits(part, asked) : part));
  return {
    messages: messages.map((message) =>
      message.role === 'assistant' ? { ...message, parts: withTools(message.parts) } : message,
    ),
    turns: turns.map((turn) => ({
      ...turn,
      waited_ms: sumWaits(asked.filter(({ prompt }) => prompt.turn_id === turn.turn_id)),
    })),
  };
}
