import { contentBlocks, type Entry, plainText, toolResultIds } from './entry.ts';
import { userText } from './metadata.ts';
import { truncateText } from './truncate.ts';

/** An entry of a transcript, reduced to what matters for its place in the tree. */
export type Node = {
  uuid: string;
  parent: string | null;
  type: string;
  at: string | null;
  /** The program that wrote it, as the CLI names it. */
  writer: string | null;
  messageId: string | null;
  calls: { id: string; tool: string; command: string | null }[];
  results: string[];
  /** What a person or the model said in it. */
  said: string | null;
  isSidechain: boolean;
};

export const maxShown = 200;

export function toNode(entry: Entry & { entrypoint?: unknown }): Node | null {
  if (!entry.uuid || !['user', 'assistant', 'system', 'attachment'].includes(entry.type)) return null;
  const blocks = entry.type === 'assistant' ? contentBlocks(entry) : [];
  return {
    uuid: entry.uuid,
    parent: entry.parentUuid ?? entry.logicalParentUuid ?? null,
    type: entry.type,
    at: entry.timestamp ?? null,
    writer: typeof entry.entrypoint === 'string' ? entry.entrypoint : null,
    messageId: entry.type === 'assistant' ? (entry.message?.id ?? null) : null,
    calls: blocks.filter((block) => block.type === 'tool_use').map(toCall),
    results: toolResultIds(entry),
    said: userText(entry) ?? modelText(entry),
    isSidechain: entry.isSidechain === true,
  };
}

function toCall({ id, name, input }: ReturnType<typeof contentBlocks>[number]): Node['calls'][number] {
  const command = (input as { command?: unknown } | null)?.command;
  return {
    id: String(id),
    tool: String(name),
    command: typeof command === 'string' ? truncateText(command, maxShown).text : null,
  };
}

function modelText(entry: Entry): string | null {
  const isModel = entry.type === 'assistant' && entry.message?.model !== '<synthetic>';
  return isModel ? plainText(entry).trim() || null : null;
}

/**
 * The tree of a transcript's entries. A node whose parent is on a cut line follows the node before it in the
 * file.
 */
export class EntryTree {
  /** In the order of the file. */
  readonly nodes: readonly Node[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #parents: ReadonlyMap<string, string | null>;
  /** The newest entry below each entry. */
  readonly #newest = new Map<string, string>();

  constructor(nodes: readonly Node[]) {
    this.nodes = nodes;
    this.#places = new Map(nodes.map((node, index) => [node.uuid, index]));
    this.#parents = new Map(
      nodes.map((node, index) => [
        node.uuid,
        this.isCut(node) ? (nodes[index - 1]?.uuid ?? null) : node.parent,
      ]),
    );
    // From the newest on: the first to reach an entry is the newest below it.
    for (const { uuid } of nodes.toReversed()) {
      for (let at: string | null = uuid; at !== null && !this.#newest.has(at); at = this.parentOf(at))
        this.#newest.set(at, uuid);
    }
  }

  has(uuid: string): boolean {
    return this.#places.has(uuid);
  }

  node(uuid: string): Node {
    return this.nodes[this.placeOf(uuid)] as Node;
  }

  placeOf(uuid: string): number {
    return this.#places.get(uuid) as number;
  }

  parentOf(uuid: string): string | null {
    return this.#parents.get(uuid) ?? null;
  }

  newestBelow(uuid: string): string {
    return this.#newest.get(uuid) ?? uuid;
  }

  /** Whether the parent of a node is missing. */
  isCut({ parent }: Node): boolean {
    return parent !== null && !this.#places.has(parent);
  }

  /** The path down to a leaf, from below the first entry of `until` above it. */
  pathTo(leaf: string, until: ReadonlySet<string>): string[] {
    // A file can say that two entries are each the other's parent.
    const path = new Set<string>();
    for (let at: string | null = leaf; at !== null && !until.has(at) && !path.has(at); at = this.parentOf(at))
      path.add(at);
    return [...path].toReversed();
  }
}
