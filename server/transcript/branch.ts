import { type PlacedEntry, toolResultIds } from './entry.ts';

/** How many entries off the branch are remembered: blocks of one message are never that far apart. */
const maxOffBranch = 500;

export const createBranch = (want?: string): Branch => new Branch(want);

/**
 * Follows the conversation from its newest leaf back, given the entries of a file from the last to the first. A parent is
 * always before its children, so one pass is enough. The order of the file alone would include abandoned branches. `want`
 * continues where an earlier pass stopped.
 */
export class Branch {
  /** The entry that comes next; undefined before the leaf is known, null after the first entry of the conversation. */
  #next: string | null | undefined;
  /** Entries below the leaf that the CLI named, newest first; null if it named none, or the leaf was reached. */
  #pastLeaf: PlacedEntry[] | null = null;
  readonly #offBranchResults = new Map<string, PlacedEntry>();
  readonly #offBranchBlocks = new Map<string, PlacedEntry[]>();
  readonly #messageIds = new Set<string>();

  constructor(want: string | undefined) {
    this.#next = want;
  }

  /** Takes the next older entry and returns the entries that are now known to belong to the conversation. */
  offer(placed: PlacedEntry): PlacedEntry[] {
    const { entry } = placed;
    if (this.#next === null) return [];
    if (entry.type === 'last-prompt' && this.#next === undefined && entry.leafUuid) {
      this.#next = entry.leafUuid;
      this.#pastLeaf = [];
    }
    if (!entry.uuid || entry.isSidechain) return [];
    if (this.#next === undefined || entry.uuid === this.#next) return this.#advance(placed, entry.uuid);
    if (!this.#pastLeaf || this.#pastLeaf.length >= maxOffBranch) return this.#keepOffBranch(placed);
    this.#pastLeaf.push(placed);
    return [];
  }

  /** Takes the next older entry as the newest one. */
  forget(): void {
    this.#pastLeaf = null;
    this.#next = undefined;
  }

  /** The result of a tool call that is off the branch. */
  findResultOffBranch(toolId: string): PlacedEntry | undefined {
    return this.#offBranchResults.get(toolId);
  }

  /** True when the first entry of the conversation was reached. */
  isDone(): boolean {
    return this.#next === null;
  }

  /** Whether an entry is the one that comes next on the branch. */
  isNext(uuid: string | undefined): boolean {
    return uuid !== undefined && (this.#next === undefined || this.#next === uuid);
  }

  #advance(placed: PlacedEntry, uuid: string): PlacedEntry[] {
    const waiting = this.#pastLeaf ?? [];
    this.#pastLeaf = null;
    const path = findDescendants(uuid, waiting);
    this.#next = placed.entry.parentUuid ?? placed.entry.logicalParentUuid ?? null;
    const below = waiting.flatMap((candidate) =>
      path.has(String(candidate.entry.uuid)) ? this.#addToBranch(candidate) : this.#keepOffBranch(candidate),
    );
    return [...below, ...this.#addToBranch(placed)];
  }

  /** Parallel tool calls fork the tree: one of the calls and results is on the branch, the others are off it. */
  #keepOffBranch(placed: PlacedEntry): PlacedEntry[] {
    const { entry } = placed;
    for (const id of toolResultIds(entry)) this.#offBranchResults.set(id, placed);
    const messageId = entry.type === 'assistant' ? entry.message?.id : undefined;
    if (messageId && this.#messageIds.has(messageId)) return [placed];
    const blocks = (messageId && this.#offBranchBlocks.get(messageId)) || [];
    blocks.push(placed);
    if (messageId) this.#offBranchBlocks.set(messageId, blocks);
    for (const map of [this.#offBranchResults, this.#offBranchBlocks]) {
      const oldest = map.keys().next();
      if (map.size > maxOffBranch && !oldest.done) map.delete(oldest.value);
    }
    return [];
  }

  /** Adds an entry to the branch, with the blocks of its message that were off it. */
  #addToBranch(placed: PlacedEntry): PlacedEntry[] {
    const { entry } = placed;
    const messageId = entry.type === 'assistant' ? entry.message?.id : undefined;
    if (!messageId) return [placed];
    this.#messageIds.add(messageId);
    const blocks = this.#offBranchBlocks.get(messageId) ?? [];
    this.#offBranchBlocks.delete(messageId);
    return [placed, ...blocks];
  }
}

/**
 * The path from a leaf that the CLI named to the newest entry below it: a process that ended at once names the parent of
 * its answer (2.1.329), and the CLI continues from the answer anyway.
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
