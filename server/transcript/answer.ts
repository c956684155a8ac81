import { contentBlocks, type Entry, plainText, taskNotice, toolResultIds } from './entry.ts';
import { userText } from './metadata.ts';

/** The text of the model's last message among entries in the order of the conversation. */
function findLastText(entries: readonly Entry[]): string | null {
  for (const entry of entries.toReversed()) {
    if (entry.type !== 'assistant' || entry.isApiErrorMessage) continue;
    const texts = contentBlocks(entry).filter((block) => block.type === 'text');
    if (texts.length) return texts.map((block) => String(block.text ?? '')).join('\n');
  }
  return null;
}

/** Everything that the model wrote, as one text. */
export function joinWrittenText(entries: readonly Entry[]): string {
  return entries
    .filter(
      (entry) =>
        entry.type === 'assistant' && !entry.isApiErrorMessage && entry.message?.model !== '<synthetic>',
    )
    .flatMap((entry) => contentBlocks(entry).filter((block) => block.type === 'text'))
    .map((block) => String(block.text ?? ''))
    .join('\n\n');
}

/** A terminal turns a tab into spaces, and drops spaces at the end. */
const normalizeSpaces = (text: string) => text.replaceAll(/\s+/g, ' ').trim();

/** What came of one message; `error` is what the CLI said of a failed request that it did not get over. */
export type MessageReply = {
  text: string;
  isSuperseded: boolean;
  error: string | null;
  isInterrupted: boolean;
};

/**
 * What the model wrote to one message, and whether somebody has said something else since; null where the
 * message is not among the entries.
 */
export function findReply(entries: readonly Entry[], message: string): MessageReply | null {
  const asked = normalizeSpaces(message);
  const at = entries.findLastIndex((entry) => normalizeSpaces(userText(entry) ?? '') === asked);
  if (at < 0) return null;
  const end = entries.findIndex((entry, index) => index > at && userText(entry) !== null);
  const own = entries.slice(at + 1, end < 0 ? undefined : end);
  const last = own.findLast(({ type }) => type === 'assistant');
  const isInterrupted = own.some(
    (entry) => entry.type === 'user' && plainText(entry).startsWith('[Request interrupted by user'),
  );
  return {
    text: joinWrittenText(own),
    isSuperseded: end >= 0,
    error: last?.isApiErrorMessage ? plainText(last) : null,
    isInterrupted,
  };
}

/**
 * The answer to a message whose run went on for background work. What a sub-agent brought in belongs
 * to the answer; what the model says when a shell has ended is about the shell, and does not.
 */
export function findAnswerBeforeShells(entries: readonly Entry[]): string | null {
  const toolNames = new Map<string, string>();
  for (const entry of entries) {
    for (const block of contentBlocks(entry))
      if (block.type === 'tool_use') toolNames.set(String(block.id), String(block.name));
  }
  const isOfShell = (notice: string) => {
    const toolId = /<tool-use-id>([^<]*)<\/tool-use-id>/.exec(notice)?.[1]?.trim() ?? '';
    return !['Agent', 'Task'].includes(toolNames.get(toolId) ?? '');
  };
  const kept = [...entries];
  for (;;) {
    const at = kept.findLastIndex(
      (entry) => entry.type === 'user' && !entry.isMeta && toolResultIds(entry).length === 0,
    );
    const trigger = kept[at];
    const notice = trigger ? taskNotice(trigger) : null;
    if (notice === null || !isOfShell(notice)) return findLastText(kept.slice(Math.max(at, 0)));
    kept.length = at;
  }
}
