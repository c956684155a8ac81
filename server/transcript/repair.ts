import type { LostBranch } from '../../contract/repair.ts';
import { contentBlocks, type Entry, plainText, toolResultIds } from './entry.ts';
import { createLine } from './main-line.ts';
import { userText } from './metadata.ts';
import { truncateText } from './truncate.ts';

/** An entry of the tree, as far as its place in it matters. */
export type Node = {
  uuid: string;
  parent: string | null;
  type: string;
  at: string | null;
  /** By which program it was written, as the CLI calls it. */
  writer: string | null;
  messageId: string | null;
  calls: { id: string; tool: string; command: string | null }[];
  results: string[];
  /** What a person or the model said in it. */
  said: string | null;
  isSidechain: boolean;
};

/** The tree as it is to be: each node with its parent, in an order in which parents come first. */
export type Plan = {
  nodes: { uuid: string; parent: string | null; openCalls: string[] }[];
  leaf: string | null;
  branches: LostBranch[];
  openCalls: { tool: string; command: string | null }[];
  /** Whether an order other than the file's was made. */
  isChanged: boolean;
};

const maxShown = 200;

export function toNode(entry: Entry & { entrypoint?: unknown }): Node | null {
  if (!entry.uuid || !['user', 'assistant', 'system', 'attachment'].includes(entry.type)) return null;
  const blocks = entry.type === 'assistant' ? contentBlocks(entry) : [];
  const command = (input: unknown) => (input as { command?: unknown } | null)?.command;
  return {
    uuid: entry.uuid,
    parent: entry.parentUuid ?? entry.logicalParentUuid ?? null,
    type: entry.type,
    at: entry.timestamp ?? null,
    writer: typeof entry.entrypoint === 'string' ? entry.entrypoint : null,
    messageId: entry.type === 'assistant' ? (entry.message?.id ?? null) : null,
    calls: blocks
      .filter((block) => block.type === 'tool_use')
      .map((block) => {
        const text = command(block.input);
        return {
          id: String(block.id),
          tool: String(block.name),
          command: typeof text === 'string' ? truncateText(text, maxShown).text : null,
        };
      }),
    results: toolResultIds(entry),
    said:
      userText(entry) ??
      (entry.type === 'assistant' && entry.message?.model !== '<synthetic>'
        ? plainText(entry).trim() || null
        : null),
    isSidechain: entry.isSidechain === true,
  };
}

/**
 * Puts the tree of a transcript in order, given its nodes as they stand in the file. A node that hangs off a line
 * that is cut follows the one before it; a branch that another writer left is put where it was said. One that
 * somebody went back from stays beside.
 */
export function planRepair(nodes: readonly Node[], toldLeaf: string | null): Plan {
  const tree = nodes.filter(({ isSidechain }) => !isSidechain);
  const place = new Map(tree.map((node, index) => [node.uuid, index]));
  const findNode = (uuid: string) => tree[place.get(uuid) as number] as Node;
  const isCut = ({ parent }: Node) => parent !== null && !place.has(parent);
  const parents = new Map(
    tree.map((node, index) => [node.uuid, isCut(node) ? (tree[index - 1]?.uuid ?? null) : node.parent]),
  );
  const findParent = (uuid: string) => parents.get(uuid) ?? null;
  const pathTo = (leaf: string, until: ReadonlySet<string>): string[] => {
    // A file can say that two entries are each the other's parent.
    const path = new Set<string>();
    for (let at: string | null = leaf; at !== null && !until.has(at) && !path.has(at); at = findParent(at))
      path.add(at);
    return [...path].toReversed();
  };
  /** The newest entry below each: who comes first, from the newest on, is it for all above that have none yet. */
  const newest = new Map<string, string>();
  for (const { uuid } of tree.toReversed()) {
    for (let at: string | null = uuid; at !== null && !newest.has(at); at = findParent(at))
      newest.set(at, uuid);
  }
  const newestBelow = (uuid: string): string => newest.get(uuid) ?? uuid;

  const leaf = toldLeaf !== null && place.has(toldLeaf) ? newestBelow(toldLeaf) : (tree.at(-1)?.uuid ?? null);
  const main = leaf === null ? [] : pathTo(leaf, new Set());
  const kept = new Set(main);
  const messageIds = new Set(main.map((uuid) => findNode(uuid).messageId));
  /** Parallel tool calls fork the tree: those beside the line belong to a message that is on it. */
  const isOfKept = ({ messageId }: Node) => messageId !== null && messageIds.has(messageId);
  const branches: LostBranch[] = [];
  const line = createLine(main);

  // What a resume as it stands would not come to: it ends at the first parent that is not there.
  const cutAt = main.findLastIndex((uuid) => isCut(findNode(uuid)));
  if (cutAt > 0) noteBranch(main.slice(0, cutAt), 'cut');

  for (const { uuid } of tree) {
    if (kept.has(uuid)) continue;
    const parent = findParent(uuid);
    if (parent !== null && !kept.has(parent)) continue;
    const path = pathTo(newestBelow(uuid), kept);
    if (!path.some((one) => findNode(one).said !== null && !isOfKept(findNode(one)))) continue;
    const sibling = line.after(parent);
    const why = sibling === undefined || isByAnother(path, sibling) ? 'two_writers' : 'rewound';
    noteBranch(path, why);
    if (why === 'two_writers') insert(path, parent);
  }

  /**
   * Two that wrote at a time: different programs, or one that wrote between the other's words. A program that is
   * not the terminal never goes back, so a line that it left was not known to who went on. Somebody at the
   * terminal who goes back has done with the one line when the other begins.
   */
  function isByAnother(path: readonly string[], sibling: string): boolean {
    const [first, other] = [findNode(path[0] as string), findNode(sibling)];
    if (first.writer !== other.writer || first.writer !== 'cli') return true;
    return (place.get(sibling) as number) < (place.get(path.at(-1) as string) as number);
  }

  /** Puts a branch behind a place of the main line, but never between a call and its result. */
  function insert(path: readonly string[], parent: string | null): void {
    line.insert(path, parent === null ? null : line.endOfRun(parent, isPair));
    for (const uuid of path) {
      kept.add(uuid);
      messageIds.add(findNode(uuid).messageId);
    }
  }

  /** Whether an entry must not be parted from the one before it. */
  function isPair(before: string, uuid: string): boolean {
    const { results, messageId } = findNode(uuid);
    return results.length > 0 || (messageId !== null && messageId === findNode(before).messageId);
  }

  function noteBranch(path: readonly string[], why: LostBranch['why']): void {
    const said = path.map(findNode).filter((node) => node.said !== null);
    const shown = (node: Node | undefined) => truncateText(node?.said ?? '', maxShown).text;
    if (said.length)
      branches.push({
        messages: said.length,
        first: shown(said[0]),
        last: shown(said.at(-1)),
        at: said[0]?.at ?? null,
        why,
      });
  }

  const results = new Set(tree.flatMap((node) => node.results));
  const findOpenCalls = (uuid: string) =>
    kept.has(uuid) || isOfKept(findNode(uuid))
      ? findNode(uuid).calls.filter(({ id }) => !results.has(id))
      : [];
  const openCalls = tree.flatMap(({ uuid }) => findOpenCalls(uuid));
  const order: Plan['nodes'] = [];
  const written = new Set<string>();
  const inOrder = line.inOrder();
  for (const [index, uuid] of inOrder.entries()) {
    order.push({
      uuid,
      parent: inOrder[index - 1] ?? null,
      openCalls: findOpenCalls(uuid).map(({ id }) => id),
    });
    written.add(uuid);
  }
  // What stands beside the line (parallel calls, what somebody went back from) hangs where it hung.
  for (const { uuid } of tree)
    if (!written.has(uuid))
      order.push({ uuid, parent: findParent(uuid), openCalls: findOpenCalls(uuid).map(({ id }) => id) });
  const isChanged = order.some(({ uuid, parent }) => findNode(uuid).parent !== parent);
  // What sub-agents said in the same file is a tree of its own.
  for (const { uuid, parent, isSidechain } of nodes)
    if (isSidechain) order.push({ uuid, parent, openCalls: [] });

  return {
    nodes: order,
    leaf: inOrder.at(-1) ?? null,
    branches,
    openCalls: openCalls.map(({ tool, command }) => ({ tool, command })),
    isChanged,
  };
}
