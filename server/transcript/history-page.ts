import type { HistoryMessage } from '../../contract/message.ts';
import { createBranch } from './branch.ts';
import { contentBlocks, type PlacedEntry, toolResultIds } from './entry.ts';
import { foldEntries } from './messages.ts';
import { truncateText } from './truncate.ts';

/** The most that a page has, in bytes of its JSON. */
export const maxPageBytes = 250_000;

/** Where a page begins: the next older entry, and where its line ends in the file. */
export type PageCursor = { end: number; uuid: string };

export function parseCursor(text: string): PageCursor | null {
  const match = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(text);
  return match ? { end: Number(match[1]), uuid: String(match[2]) } : null;
}

export const formatCursor = (cursor: PageCursor): string => `${cursor.end}.${cursor.uuid}`;

/**
 * Collects a page from the entries of a file, given from the last to the first. A page never ends
 * between a tool's call and its result, nor inside of a message.
 */
export function createHistoryPage(limit: number, from?: PageCursor) {
  const chain = createBranch(from?.uuid);
  const taken: PlacedEntry[] = [];
  const openResults = new Set<string>();
  let messages = 0;
  let bytes = 0;
  let oldestMessageId: string | undefined;
  let before: PageCursor | null = null;

  function isFull(placed: PlacedEntry): boolean {
    const { entry } = placed;
    if (!chain.isNext(entry.uuid) || openResults.size) return false;
    const isSameMessage =
      entry.type === 'assistant' && entry.message?.id !== undefined && entry.message.id === oldestMessageId;
    return (
      !isSameMessage && (messages >= limit || (messages > 0 && bytes + shownBytes(placed) > maxPageBytes))
    );
  }

  function takeMessage(placed: PlacedEntry): void {
    const { entry } = placed;
    taken.push(placed);
    for (const id of toolResultIds(entry)) openResults.add(id);
    for (const block of contentBlocks(entry))
      if (block.type === 'tool_use') openResults.delete(String(block.id));
    const isSpoken =
      entry.type === 'assistant' ||
      (entry.type === 'user' && !entry.isMeta && toolResultIds(entry).length === 0);
    if (!isSpoken && entry.type !== 'user') return;
    if (isSpoken && (entry.type === 'user' || entry.message?.id !== oldestMessageId)) messages += 1;
    oldestMessageId = entry.type === 'assistant' ? entry.message?.id : undefined;
    bytes += shownBytes(placed);
  }

  return {
    /** Takes the next older entry; false when the page needs no more. */
    offer(placed: PlacedEntry): boolean {
      if (chain.isDone()) return false;
      if (isFull(placed)) {
        before = { end: placed.end, uuid: String(placed.entry.uuid) };
        return false;
      }
      for (const found of chain.offer(placed)) takeMessage(found);
      return !chain.isDone();
    },
    /** Goes on with the next older entry, whichever it is: the one that was wanted is lost. */
    skipGap: (): void => chain.forget(),
    finish(): { messages: HistoryMessage[]; before: string | null } {
      const inOrder = taken.toSorted((a, b) => a.start - b.start).map((placed) => placed.entry);
      const folded = foldEntries(inOrder, (id) => chain.findResultOffBranch(id)?.entry);
      return { messages: shrinkMessage(folded), before: before && formatCursor(before) };
    },
  };
}

/** About what an entry adds to a page: its clipped parts as JSON. */
function shownBytes({ entry }: PlacedEntry): number {
  const folded = foldEntries([entry], () => undefined);
  const results = toolResultIds(entry).length
    ? Math.min(8_000, JSON.stringify(entry.message?.content ?? '').length)
    : 0;
  return Buffer.byteLength(JSON.stringify(folded)) + results;
}

/** Clips the texts of a page harder until it fits: one message alone can be larger than a page. */
function shrinkMessage(messages: HistoryMessage[]): HistoryMessage[] {
  for (const max of [20_000, 4_000, 1_000, 200]) {
    if (Buffer.byteLength(JSON.stringify(messages)) <= maxPageBytes) break;
    for (const message of messages) {
      message.text = truncateText(message.text, max).text;
      for (const part of message.parts) {
        if (part.type === 'text' || part.type === 'thinking')
          Object.assign(part, truncateText(part.text, max));
        if (part.type === 'tool') {
          const input = truncateText(part.input, max);
          const output = truncateText(part.output ?? '', max);
          part.input = input.text;
          if (part.output !== null) part.output = output.text;
          if (input.clipped || output.clipped) part.clipped = true;
        }
      }
    }
  }
  return messages;
}
