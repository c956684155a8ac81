import { type PlacedEntry, toolResultIds } from './entry.ts';

/** How many entries beside the chain are kept in mind: blocks of one message are never that far apart. */
const maxOffBranch = 500;

/**
 * Follows the conversation from its newest leaf back, given the entries of a file from the last to the
 * first. A parent always stands before its children, so one pass is enough. The file's order alone
 * would mix in branches that were left. `want` continues where an earlier pass stopped.
 */
export function createBranch(want?: string) {
  let next: string | null | undefined = want;
  /**
   * Entries below the leaf that the CLI named, newest first; null if it named none, or the leaf was reached.
   */
  let pastLeaf: PlacedEntry[] | null = null;
  const offBranchResults = new Map<string, PlacedEntry>();
  const offBranchBlocks = new Map<string, PlacedEntry[]>();
  const messageIds = new Set<string>();

  /**
   * Parallel tool calls fork the tree: only one of the calls and results is on the chain, the others beside
   * it.
   */
  function keepOffBranch(placed: PlacedEntry): PlacedEntry[] {
    const { entry } = placed;
    for (const id of toolResultIds(entry)) offBranchResults.set(id, placed);
    const messageId = entry.type === 'assistant' ? entry.message?.id : undefined;
    if (messageId && messageIds.has(messageId)) return [placed];
    const blocks = (messageId && offBranchBlocks.get(messageId)) || [];
    blocks.push(placed);
    if (messageId) offBranchBlocks.set(messageId, blocks);
    for (const map of [offBranchResults, offBranchBlocks]) {
      const oldest = map.keys().next();
      if (map.size > maxOffBranch && !oldest.done) map.delete(oldest.value);
    }
    return [];
  }

  /** Puts an entry on the chain, with what stood beside it. */
  function addToBranch(placed: PlacedEntry): PlacedEntry[] {
    const { entry } = placed;
    const messageId = entry.type === 'assistant' ? entry.message?.id : undefined;
    if (!messageId) return [placed];
    messageIds.add(messageId);
    const aside = offBranchBlocks.get(messageId) ?? [];
    offBranchBlocks.delete(messageId);
    return [placed, ...aside];
  }

  /**
   * The path from a leaf that the CLI named to the newest entry below it: a process that ended at once names
   * the parent of its answer (2.1.329), and the CLI continues from the answer anyway.
   */
  function findDescendants(leaf: string, entries: readonly PlacedEntry[]): ReadonlySet<string> {
    const parents = new Map(entries.map(({ entry }) => [String(entry.uuid), entry.parentUuid ?? null]));
    for (const newest of parents.keys()) {
      const path = new Set<string>();
      let at: string | null = newest;
      // A file can say that two entries are each the other's parent.
      for (; at !== null && parents.has(at) && !path.has(at); at = parents.get(at) ?? null) path.add(at);
      if (at === leaf) return path;
    }
    return new Set();
  }

  return {
    /** Takes the next older entry and gives those that are now known to belong to the conversation. */
    offer(placed: PlacedEntry): PlacedEntry[] {
      const { entry } = placed;
      if (next === null) return [];
      if (entry.type === 'last-prompt' && next === undefined && entry.leafUuid) {
        next = entry.leafUuid;
        pastLeaf = [];
      }
      if (!entry.uuid || entry.isSidechain) return [];
      if (next !== undefined && entry.uuid !== next) {
        if (pastLeaf && pastLeaf.length < maxOffBranch) {
          pastLeaf.push(placed);
          return [];
        }
        return keepOffBranch(placed);
      }
      const waiting = pastLeaf ?? [];
      pastLeaf = null;
      const path = findDescendants(entry.uuid, waiting);
      next = entry.parentUuid ?? entry.logicalParentUuid ?? null;
      return [
        ...waiting.flatMap((one) =>
          path.has(String(one.entry.uuid)) ? addToBranch(one) : keepOffBranch(one),
        ),
        ...addToBranch(placed),
      ];
    },
    /** Takes the next older entry as the newest one. */
    forget(): void {
      pastLeaf = null;
      next = undefined;
    },
    /** The result of a tool call that stood beside the chain. */
    findResultOffBranch: (toolId: string): PlacedEntry | undefined => offBranchResults.get(toolId),
    /** True when the first entry of the conversation was reached. */
    isDone: (): boolean => next === null,
    /** Whether an entry is the one that comes next on the chain. */
    isNext: (uuid: string | undefined): boolean =>
      uuid !== undefined && (next === undefined || next === uuid),
  };
}
