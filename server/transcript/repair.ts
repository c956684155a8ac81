import type { LostBranch } from '../../contract/repair.ts';
import { EntryTree, maxShown, type Node } from './entry-tree.ts';
import { createLine } from './main-line.ts';
import { truncateText } from './truncate.ts';

/** The repaired tree: each node with its parent, in an order in which parents come first. */
export type Plan = {
  nodes: { uuid: string; parent: string | null; openCalls: string[] }[];
  leaf: string | null;
  branches: LostBranch[];
  openCalls: { tool: string; command: string | null }[];
  /** Whether the order differs from that of the file. */
  isChanged: boolean;
};

/**
 * Plans the repair of a transcript, given its nodes in the order of the file. A node whose parent is on a cut
 * line follows the one before it; a branch of another writer is put at its time. A branch that somebody
 * left with a rewind stays off the main line.
 */
export const planRepair = (nodes: readonly Node[], reportedLeaf: string | null): Plan =>
  new RepairPlanner(nodes, reportedLeaf).plan();

class RepairPlanner {
  readonly #nodes: readonly Node[];
  readonly #tree: EntryTree;
  readonly #line: ReturnType<typeof createLine>;
  /** The entries that are on the main line. */
  readonly #kept: Set<string>;
  readonly #messageIds: Set<string | null>;
  readonly #results: ReadonlySet<string>;
  readonly #branches: LostBranch[] = [];

  constructor(nodes: readonly Node[], reportedLeaf: string | null) {
    this.#nodes = nodes;
    this.#tree = new EntryTree(nodes.filter(({ isSidechain }) => !isSidechain));
    const tree = this.#tree;
    const leaf =
      reportedLeaf !== null && tree.has(reportedLeaf)
        ? tree.newestBelow(reportedLeaf)
        : (tree.nodes.at(-1)?.uuid ?? null);
    const main = leaf === null ? [] : tree.pathTo(leaf, new Set());
    this.#line = createLine(main);
    this.#kept = new Set(main);
    this.#messageIds = new Set(main.map((uuid) => tree.node(uuid).messageId));
    this.#results = new Set(tree.nodes.flatMap((node) => node.results));
    // What a resume would not reach without a repair: it ends at the first missing parent.
    const cutAt = main.findLastIndex((uuid) => tree.isCut(tree.node(uuid)));
    if (cutAt > 0) this.#noteBranch(main.slice(0, cutAt), 'cut');
  }

  plan(): Plan {
    for (const { uuid } of this.#tree.nodes) this.#joinBranch(uuid);
    const { nodes, leaf } = this.#orderNodes();
    const isChanged = nodes.some(({ uuid, parent }) => this.#tree.node(uuid).parent !== parent);
    const openCalls = this.#tree.nodes.flatMap(({ uuid }) => this.#findOpenCalls(uuid));
    // The entries of sub-agents in the same file are a separate tree.
    const sidechain = this.#nodes
      .filter(({ isSidechain }) => isSidechain)
      .map(({ uuid, parent }) => ({ uuid, parent, openCalls: [] }));
    return {
      nodes: [...nodes, ...sidechain],
      leaf,
      branches: this.#branches,
      openCalls: openCalls.map(({ tool, command }) => ({ tool, command })),
      isChanged,
    };
  }

  /** Notes the branch that begins with an entry, and puts it into the main line if another writer left it. */
  #joinBranch(uuid: string): void {
    if (this.#kept.has(uuid)) return;
    const parent = this.#tree.parentOf(uuid);
    if (parent !== null && !this.#kept.has(parent)) return;
    const path = this.#tree.pathTo(this.#tree.newestBelow(uuid), this.#kept);
    const isSaid = (node: Node) => node.said !== null && !this.#isOfKept(node);
    if (!path.some((entry) => isSaid(this.#tree.node(entry)))) return;
    const sibling = this.#line.after(parent);
    const isLost = sibling === undefined || this.#isByAnother(path, sibling);
    this.#noteBranch(path, isLost ? 'two_writers' : 'rewound');
    if (isLost) this.#insertBranch(path, parent);
  }

  /** Parallel tool calls fork the tree: the ones off the line belong to a message that is on it. */
  #isOfKept({ messageId }: Node): boolean {
    return messageId !== null && this.#messageIds.has(messageId);
  }

  /**
   * Whether two wrote at the same time: different programs, or one that wrote between the other's entries. A
   * program other than the terminal never rewinds, so a line that it left was unknown to whoever continued. A
   * person who rewinds in the terminal has finished the one line when the other begins.
   */
  #isByAnother(path: readonly string[], sibling: string): boolean {
    const [first, other] = [this.#tree.node(path[0] as string), this.#tree.node(sibling)];
    if (first.writer !== other.writer || first.writer !== 'cli') return true;
    return this.#tree.placeOf(sibling) < this.#tree.placeOf(path.at(-1) as string);
  }

  /** Puts a branch behind an entry of the main line, but never between a call and its result. */
  #insertBranch(path: readonly string[], parent: string | null): void {
    const isPair = (before: string, uuid: string) => this.#isPair(before, uuid);
    this.#line.insert(path, parent === null ? null : this.#line.endOfRun(parent, isPair));
    for (const uuid of path) {
      this.#kept.add(uuid);
      this.#messageIds.add(this.#tree.node(uuid).messageId);
    }
  }

  /** Whether an entry must stay directly behind the one before it. */
  #isPair(before: string, uuid: string): boolean {
    const { results, messageId } = this.#tree.node(uuid);
    return results.length > 0 || (messageId !== null && messageId === this.#tree.node(before).messageId);
  }

  #noteBranch(path: readonly string[], why: LostBranch['why']): void {
    const messages = path.map((uuid) => this.#tree.node(uuid)).filter(({ said }) => said !== null);
    if (!messages.length) return;
    const preview = (node: Node | undefined) => truncateText(node?.said ?? '', maxShown).text;
    this.#branches.push({
      messages: messages.length,
      first: preview(messages[0]),
      last: preview(messages.at(-1)),
      at: messages[0]?.at ?? null,
      why,
    });
  }

  #findOpenCalls(uuid: string): Node['calls'] {
    const node = this.#tree.node(uuid);
    if (!this.#kept.has(uuid) && !this.#isOfKept(node)) return [];
    return node.calls.filter(({ id }) => !this.#results.has(id));
  }

  #orderNodes(): Pick<Plan, 'nodes' | 'leaf'> {
    const withCalls = (uuid: string, parent: string | null) => ({
      uuid,
      parent,
      openCalls: this.#findOpenCalls(uuid).map(({ id }) => id),
    });
    const main = this.#line.inOrder();
    const onLine = new Set(main);
    const nodes = main.map((uuid, index) => withCalls(uuid, main[index - 1] ?? null));
    // Entries off the line (parallel calls, rewound branches) keep their parents.
    for (const { uuid } of this.#tree.nodes)
      if (!onLine.has(uuid)) nodes.push(withCalls(uuid, this.#tree.parentOf(uuid)));
    return { nodes, leaf: main.at(-1) ?? null };
  }
}
