import { type PlacedEntry, resultIds } from './entry.ts';

/** How many entries beside the chain are kept in mind: blocks of one message are never that far apart. */
const maxAside = 500;

/**
 * Follows the conversation from its newest leaf back, given the entries of a file from the last to the
 * first. A parent always stands before its children, so one pass is enough. The file's order alone
 * would mix in branches that were left. `want` continues where an earlier pass stopped.
 */
export function createChain(want?: string) {
  let next: string | null | undefined = want;
  const asideResults = new Map<string, PlacedEntry>();
  const asideBlocks = new Map<string, PlacedEntry[]>();
  const messageIds = new Set<string>();

  /** Parallel tool calls fork the tree: only one of the calls and results is on the chain, the others beside it. */
  function keepAside(placed: PlacedEntry): PlacedEntry[] {
    const { entry } = placed;
    for (const id of resultIds(entry)) asideResults.set(id, placed);
    const messageId = entry.type === 'assistant' ? entry.message?.id : undefined;
    if (messageId && messageIds.has(messageId)) return [placed];
    if (messageId) asideBlocks.set(messageId, [...(asideBlocks.get(messageId) ?? []), placed]);
    for (const map of [asideResults, asideBlocks]) {
      const oldest = map.keys().next();
      if (map.size > maxAside && !oldest.done) map.delete(oldest.value);
    }
    return [];
  }

  return {
    /** Takes the next older entry and gives those that are now known to belong to the conversation. */
    offer(placed: PlacedEntry): PlacedEntry[] {
      const { entry } = placed;
      if (next === null) return [];
      if (entry.type === 'last-prompt' && next === undefined && entry.leafUuid) next = entry.leafUuid;
      if (!entry.uuid || entry.isSidechain) return [];
      if (next !== undefined && entry.uuid !== next) return keepAside(placed);
      next = entry.parentUuid ?? entry.logicalParentUuid ?? null;
      const messageId = entry.type === 'assistant' ? entry.message?.id : undefined;
      if (!messageId) return [placed];
      messageIds.add(messageId);
      const aside = asideBlocks.get(messageId) ?? [];
      asideBlocks.delete(messageId);
      return [placed, ...aside];
    },
    /** Takes the next older entry as the newest one. */
    forget(): void {
      next = undefined;
    },
    /** The result of a tool call that stood beside the chain. */
    resultAside: (toolId: string): PlacedEntry | undefined => asideResults.get(toolId),
    /** True when the first entry of the conversation was reached. */
    isDone: (): boolean => next === null,
    /** Whether an entry is the one that comes next on the chain. */
    isNext: (uuid: string | undefined): boolean => uuid !== undefined && (next === undefined || next === uuid),
  };
}
