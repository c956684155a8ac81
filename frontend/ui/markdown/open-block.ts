import { definitionsOf, type Fence, type HtmlEnd, type Marker } from './block-rule.ts';
import type { Block, List, ListItem } from './block-type.ts';
import type { Table } from './table.ts';

/** A block that others stand in, while its lines are read. */
export type Container =
  | { type: 'quote'; blocks: Block[]; list: null }
  | { type: 'item'; blocks: Block[]; list: List; marker: Marker; columns: number; indent: number };

/** `lastStart` is where its last line begins in the source: that may be the head of a table. */
export type Paragraph = { type: 'paragraph'; lines: string[]; lastStart: number };

/** A block without blocks in it while its lines are read. */
export type Leaf =
  | Paragraph
  | { type: 'fence'; fence: Fence; indent: number; lines: string[]; language: string }
  | { type: 'indented'; lines: string[] }
  | { type: 'html'; end: HtmlEnd; lines: string[] }
  | { type: 'table'; table: Table };

/** What a leaf is in the end, and the addresses that a paragraph defines. A paragraph of those alone shows nothing. */
export function finishLeaf(leaf: Exclude<Leaf, { type: 'table' }>): {
  block: Block | null;
  found: [string, string][];
} {
  return { found: [], ...toBlock(leaf) };
}

function toBlock(leaf: Exclude<Leaf, { type: 'table' }>): {
  block: Block | null;
  found?: [string, string][];
} {
  if (leaf.type === 'html') return { block: { type: 'html', text: leaf.lines.join('\n') } };
  if (leaf.type === 'fence')
    return { block: { type: 'code', text: leaf.lines.join('\n'), language: leaf.language } };
  if (leaf.type === 'indented') {
    let end = leaf.lines.length;
    while (end > 0 && !leaf.lines[end - 1]?.trim()) end -= 1;
    return { block: { type: 'code', text: leaf.lines.slice(0, end).join('\n'), language: '' } };
  }
  const text = leaf.lines.join('\n').trimEnd();
  const { found, end } = definitionsOf(text);
  return { block: end < text.length ? { type: 'paragraph', text: text.slice(end) } : null, found };
}

/** `[x]` at the front of an item says whether its task is done. */
export function takeTask(paragraph: { text: string }, item: ListItem | undefined): void {
  const found = /^\[([ xX])\][ \t]{1,40}(?=\S)/.exec(paragraph.text);
  if (!found || !item) return;
  item.task = found[1] !== ' ';
  paragraph.text = paragraph.text.slice(found[0].length);
}
