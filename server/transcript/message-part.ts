import type { MessagePart } from '../../contract/message.ts';
import { countChange } from './change.ts';
import { asText } from './plain-value.ts';
import { truncateText } from './truncate.ts';

/** The most that is shown of a tool's input or output, and of one text, in UTF-16 units. */
export const maxToolText = 8_000;
const maxText = 100_000;

/** A block of a message's content, as the API and the transcript have it. */
export type Block = {
  type: string;
  text?: string;
  thinking?: string;
  id?: string;
  name?: string;
  input?: unknown;
  tool_use_id?: string;
  content?: unknown;
  is_error?: boolean;
  source?: { media_type?: string };
};

/** The blocks of a content, which may also be a bare string. */
export function toBlocks(content: unknown): Block[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content)
    ? content.filter((block) => block && typeof block === 'object' && typeof block.type === 'string')
    : [];
}

/** How much is shown of a text, and of a tool's input and output. */
export type Limits = { text: number; tool: number };

export const shownLimits: Limits = { text: maxText, tool: maxToolText };

/** The part that a block is shown as; null for a block that is not shown separately (a tool's result). */
export function toPart(block: Block, limits = shownLimits): MessagePart | null {
  switch (block.type) {
    case 'text':
      return { type: 'text', ...truncateText(asText(block.text), limits.text) };
    case 'thinking':
      return { type: 'thinking', ...truncateText(asText(block.thinking), limits.text) };
    case 'tool_use': {
      const { text, ...rest } = truncateText(toolInput(block), limits.tool);
      const name = asText(block.name);
      const change = countChange(name, block.input);
      return {
        type: 'tool',
        id: asText(block.id),
        name,
        input: text,
        output: null,
        is_error: false,
        ...rest,
        ...(change ? { change } : {}),
      };
    }
    case 'image':
    case 'document':
      return { type: 'attachment', media_type: asText(block.source?.media_type ?? block.type) };
    default:
      return null;
  }
}

/** The input as JSON text; one that is nested too deep to be written is left out. */
export function toolInput(block: Block): string {
  try {
    return JSON.stringify(block.input ?? {});
  } catch {
    return '{}';
  }
}

/** The text of a tool's result: a string, or blocks of text and other things. */
export function toolOutput(content: unknown): string {
  return toBlocks(content)
    .map((block) => (block.type === 'text' ? asText(block.text) : `[${block.type}]`))
    .join('\n');
}

/** All text parts together. */
export function textOf(parts: readonly MessagePart[]): string {
  return parts
    .filter((part) => part.type === 'text')
    .map((part) => part.text)
    .join('\n\n');
}
