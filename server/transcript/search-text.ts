import { contentBlocks, type Entry, taskNotice, toolResultIds } from './entry.ts';
import { toolOutput } from './message-part.ts';
import { userText } from './metadata.ts';
import { compose, isAscii, toIndexWords } from './words.ts';

/** What is found of an entry, by who said it. `tool` is what a tool was called with. */
export type SearchTexts = { user: string; assistant: string; tool: string; output: string };

/** How much of one text is searchable: people rarely read what comes later in it. */
const maxChars = { said: 200_000, tool: 8_000, outputHead: 4_000, outputTail: 1_000 };

const headAndTail = (text: string) =>
  text.length <= maxChars.outputHead + maxChars.outputTail
    ? text
    : `${text.slice(0, maxChars.outputHead)}\n${text.slice(-maxChars.outputTail)}`;

/** The strings in a tool's input: its keys are the same in each call. */
function stringsIn(value: unknown, into: string[] = [], depth = 0): string[] {
  if (typeof value === 'string') into.push(value);
  else if (value && typeof value === 'object' && depth < 6)
    for (const one of Object.values(value)) stringsIn(one, into, depth + 1);
  return into;
}

/** The searchable texts of an entry; null if it has none. */
export function extractTexts(entry: Entry): SearchTexts | null {
  const texts: SearchTexts = { user: '', assistant: '', tool: '', output: '' };
  if (entry.type === 'user') {
    if (toolResultIds(entry).length) {
      const results = contentBlocks(entry).filter((block) => block.type === 'tool_result');
      texts.output = results.map((block) => headAndTail(toolOutput(block.content))).join('\n');
    } else if (taskNotice(entry) === null) texts.user = (userText(entry) ?? '').slice(0, maxChars.said);
  } else if (entry.type === 'assistant' && entry.message?.model !== '<synthetic>') {
    const blocks = contentBlocks(entry);
    texts.assistant = blocks
      .filter((block) => block.type === 'text')
      .map((block) => String(block.text ?? ''))
      .join('\n')
      .slice(0, maxChars.said);
    texts.tool = blocks
      .filter((block) => block.type === 'tool_use')
      .flatMap((block) => stringsIn(block.input))
      .join('\n')
      .slice(0, maxChars.tool);
  }
  return texts.user || texts.assistant || texts.tool || texts.output ? texts : null;
}

/**
 * A text as it is put into the index, whose tokenizer takes ASCII letters and digits and all that is not
 * ASCII for parts of words. The parts of `camelCase` names stand once more at its end.
 */
export function toIndexed(text: string): string {
  const composed = compose(text);
  const { own, parts } = toIndexWords(composed);
  const words = isAscii(composed) ? composed : own.join(' ');
  return parts.length ? `${words}\n${parts.join(' ')}` : words;
}

/** Each different word of a text, for the part of the index that knows only whether a word is there. */
export function distinctWords(text: string): string {
  const { own, parts } = toIndexWords(compose(text));
  return [...new Set(own.concat(parts))].join(' ');
}
