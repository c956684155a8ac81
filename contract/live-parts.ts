import type { StoredEvent } from './event.ts';
import type { MessagePart } from './message.ts';

type ToolPart = Extract<MessagePart, { type: 'tool' }>;
type Spoken = Extract<MessagePart, { type: 'text' | 'thinking' }>;

/** So many parts of a running turn are kept; the transcript has all of them. */
const maxParts = 300;

/** The most text of one part that is still being written, in UTF-16 units. */
const maxOpenText = 200_000;

/**
 * What an event makes of what a running turn has said and done. A part that is still being written is
 * `open`; the whole message takes its place, and a request that starts over drops it.
 */
export function reduceParts(parts: readonly MessagePart[], event: StoredEvent): MessagePart[] {
  switch (event.type) {
    case 'text.delta':
      return addDelta(parts, 'text', event.text);
    case 'thinking.delta':
      return addDelta(parts, 'thinking', event.text);
    case 'message':
      return event.parent_tool_id ? [...parts] : addWhole(parts, event.parts);
    case 'turn.retrying':
      return event.discard_text ? withoutOpen(parts) : [...parts];
    case 'tool.started': {
      const { tool_id, name, input, change, parent_tool_id, at } = event;
      const tool: ToolPart = { type: 'tool', id: tool_id, name, input, output: null, is_error: false, at };
      if (change) tool.change = change;
      if (parent_tool_id) tool.parent_tool_id = parent_tool_id;
      return bounded([...parts.filter((part) => part.type !== 'tool' || part.id !== tool_id), tool]);
    }
    case 'tool.finished':
      return parts.map((part) => {
        if (part.type !== 'tool' || part.id !== event.tool_id) return part;
        const passed = part.at ? Date.parse(event.at) - Date.parse(part.at) - (part.waited_ms ?? 0) : null;
        const duration = passed === null ? {} : { duration_ms: Math.max(0, passed) };
        const denied = event.denied ?? (event.is_error ? part.denied : undefined);
        const { denied: _, asked_at: __, ...tool } = part;
        return {
          ...tool,
          output: event.output,
          is_error: event.is_error,
          ...duration,
          ...(denied ? { denied } : {}),
        };
      });
    default:
      return parts as MessagePart[];
  }
}

const isOpen = (part: MessagePart | undefined): part is Spoken & { open: true } =>
  part !== undefined && 'open' in part && part.open === true;

const bounded = (parts: MessagePart[]): MessagePart[] =>
  parts.length > maxParts ? parts.slice(-maxParts) : parts;

const withoutOpen = (parts: readonly MessagePart[]): MessagePart[] => parts.filter((part) => !isOpen(part));

function addDelta(parts: readonly MessagePart[], type: Spoken['type'], text: string): MessagePart[] {
  const last = parts.at(-1);
  if (!isOpen(last) || last.type !== type) return bounded([...parts, { type, text, open: true }]);
  if (last.text.length > maxOpenText) return [...parts];
  return [...parts.slice(0, -1), { ...last, text: last.text + text }];
}

/** Takes the place of what is open from its kind on: a message comes block by block, in the order of its deltas. */
function addWhole(parts: readonly MessagePart[], whole: readonly MessagePart[]): MessagePart[] {
  let kept = [...parts];
  for (const part of whole) {
    const at = kept.findIndex((one) => isOpen(one) && one.type === part.type);
    if (at < 0) kept.push(part);
    else kept[at] = part;
    if (kept.length > maxParts) kept = bounded(kept);
  }
  return kept;
}
