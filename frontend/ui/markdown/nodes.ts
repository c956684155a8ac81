/** A part of a line of text. */
export type Inline =
  | { type: 'text'; text: string }
  | { type: 'code'; text: string }
  | { type: 'break' }
  | { type: 'strong' | 'emphasis' | 'deleted'; children: Inline[] }
  | { type: 'link'; href: string; children: Inline[] };

/** A run of the same sign, which may become emphasis: what is left of it at the end is text. */
export type Run = { sign: string; count: number };

/** A part while the line is read. `depth` is how many parts are nested in it. */
export type Node = { part: Inline | Run; depth: number; before: Node | null; after: Node | null };

/** The parts of a line, in a list out of which a piece can be taken without moving the rest. */
export class NodeList {
  #first: Node | null = null;
  #last: Node | null = null;

  get last(): Node | null {
    return this.#last;
  }

  add(part: Inline | Run, depth = 0): Node {
    return this.insertAfter(this.#last, part, depth);
  }

  insertAfter(before: Node | null, part: Inline | Run, depth = 0): Node {
    const after = before ? before.after : this.#first;
    const node: Node = { part, depth, before, after };
    if (before) before.after = node;
    else this.#first = node;
    if (after) after.before = node;
    else this.#last = node;
    return node;
  }

  remove({ before, after }: Node): void {
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
  }

  /** How deep the parts between two nodes are nested. */
  depthBetween(from: Node, to: Node | null): number {
    let depth = 0;
    for (let node = from.after; node && node !== to; node = node.after) depth = Math.max(depth, node.depth);
    return depth;
  }

  /** Takes out what stands between two nodes. */
  takeBetween(from: Node, to: Node | null): Inline[] {
    const taken = toInlines(from.after, to);
    from.after = to;
    if (to) to.before = from;
    else this.#last = from;
    return taken;
  }

  finish(): Inline[] {
    return toInlines(this.#first, null);
  }
}

/** The parts from one node on, up to another; texts that follow each other as one. */
function toInlines(from: Node | null, to: Node | null): Inline[] {
  const parts: Inline[] = [];
  for (let node = from; node && node !== to; node = node.after) {
    const part: Inline =
      'sign' in node.part ? { type: 'text', text: node.part.sign.repeat(node.part.count) } : node.part;
    const last = parts.at(-1);
    if (part.type === 'text' && last?.type === 'text')
      parts[parts.length - 1] = { type: 'text', text: last.text + part.text };
    else parts.push(part);
  }
  return parts;
}
