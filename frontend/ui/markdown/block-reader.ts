import {
  fenceOf,
  headingOf,
  htmlOf,
  isFenceEnd,
  isRule,
  type Marker,
  markerOf,
  underlineOf,
} from './block-rule.ts';
import type { Block, List, ListItem, TopBlock } from './block-type.ts';
import { Line } from './line.ts';
import { type Container, finishLeaf, type Leaf, type Paragraph, takeTask } from './open-block.ts';
import { cellsOf, tableOf } from './table.ts';

/** Quotes and lists deeper than this are shown as they were written. */
const maxDepth = 16;

/**
 * Reads a text line by line with the blocks that are open around it, as the appendix of CommonMark describes it
 * ("phase 1"). Each line costs its length and at most `maxDepth` steps.
 */
export class BlockReader {
  readonly top: TopBlock[] = [];
  readonly #open: Container[] = [];
  #leaf: Leaf | null = null;
  #wasBlank = false;
  #lineStart = 0;

  readLine(text: string, start: number): void {
    this.#lineStart = start;
    const line = new Line(text);
    const depth = this.#matchContainers(line);
    const isInside = depth === this.#open.length;
    if (isInside && this.#leaf && this.#continueLeaf(this.#leaf, line)) this.#wasBlank = line.isBlank;
    else this.#readNew(line, depth);
  }

  finish(): TopBlock[] {
    this.#close(0);
    return this.top;
  }

  /** How many of the open blocks the line belongs to; takes their marks from it. */
  #matchContainers(line: Line): number {
    for (const [depth, container] of this.#open.entries()) {
      if (container.type === 'quote') {
        if (line.isBlank || line.indent > 3 || line.sign !== '>') return depth;
        line.takeSigns(1);
        line.takeColumns(1);
      } else if (line.isBlank) {
        if (!container.blocks.length && !this.#leaf) return depth;
        line.takeColumns(line.indent);
      } else if (line.indent >= container.columns) line.takeColumns(container.columns);
      else return depth;
    }
    return this.#open.length;
  }

  /** Whether the line belongs to the open leaf, to which it is added then. */
  #continueLeaf(leaf: Leaf, line: Line): boolean {
    switch (leaf.type) {
      case 'fence':
        if (line.indent <= 3 && isFenceEnd(line.words, leaf.fence)) this.#closeLeaf();
        else {
          line.takeColumns(leaf.indent);
          leaf.lines.push(line.rest());
        }
        return true;
      case 'indented':
        if (line.indent < 4 && !line.isBlank) return false;
        line.takeColumns(4);
        leaf.lines.push(line.rest());
        return true;
      case 'html':
        if (leaf.end.mark === null && line.isBlank) return false;
        leaf.lines.push(line.rest());
        if (leaf.end.mark !== null && line.text.toLowerCase().includes(leaf.end.mark, line.at))
          this.#closeLeaf();
        return true;
      case 'table':
        if (line.isBlank || this.#beginsBlock(line)) return false;
        leaf.table.rows.push(cellsOf(line.words));
        return true;
      default:
        return false;
    }
  }

  /** Whether a line can end a table. */
  #beginsBlock(line: Line): boolean {
    const { words } = line;
    if (line.indent > 3) return true;
    return (
      line.sign === '>' ||
      isRule(words) ||
      markerOf(words) !== null ||
      htmlOf(words, true) !== null ||
      fenceOf(words) !== null ||
      headingOf(words) !== null
    );
  }

  #readNew(line: Line, matched: number): void {
    const paragraph = this.#leaf?.type === 'paragraph' ? this.#leaf : null;
    const isInside = matched === this.#open.length;
    let depth = matched;
    while (
      !line.isBlank &&
      this.#beginContainer(line, depth, this.#leaf !== null && this.#leaf === paragraph && isInside)
    ) {
      depth = this.#open.length;
    }
    if (line.isBlank) {
      this.#close(depth);
      this.#wasBlank = true;
      return;
    }
    // A line that only continues a paragraph needs no marks of the blocks around it.
    const goesOn = this.#leaf === paragraph ? paragraph : null;
    if (!this.#beginLeaf(line, depth, goesOn, isInside)) {
      if (goesOn) this.#addLine(goesOn, line.words);
      else this.#addLeaf(depth, { type: 'paragraph', lines: [line.words], lastStart: this.#lineStart });
    }
    this.#wasBlank = false;
  }

  #addLine(paragraph: Paragraph, words: string): void {
    paragraph.lines.push(words);
    paragraph.lastStart = this.#lineStart;
  }

  #beginContainer(line: Line, depth: number, isParagraph: boolean): boolean {
    if (line.indent > 3 || depth >= maxDepth) return false;
    if (line.sign === '>') {
      this.#close(depth);
      line.takeSigns(1);
      line.takeColumns(1);
      const quote: Block = { type: 'quote', blocks: [] };
      this.#addBlock(quote);
      this.#open.push({ type: 'quote', blocks: quote.blocks, list: null });
      return true;
    }
    const marker = isRule(line.words) ? null : markerOf(line.words);
    if (!marker || (isParagraph && (marker.isEmpty || (marker.start ?? 1) !== 1))) return false;
    this.#beginItem(line, depth, marker);
    return true;
  }

  #beginItem(line: Line, depth: number, marker: Marker): void {
    const sibling = this.#open[depth];
    const isSame =
      sibling?.type === 'item' &&
      sibling.marker.bullet === marker.bullet &&
      (sibling.marker.start === null) === (marker.start === null);
    this.#close(depth);
    const list: List = isSame
      ? sibling.list
      : { type: 'list', start: marker.start, isLoose: false, items: [] };
    if (!isSame) this.#addBlock(list);
    else if (this.#wasBlank) list.isLoose = true;
    const { indent } = line;
    line.takeSigns(marker.length);
    // Five spaces or more count as one, followed by code that is indented by the rest.
    const gap = marker.isEmpty || line.indent > 4 ? 1 : line.indent;
    line.takeColumns(gap);
    const item: ListItem = { task: null, blocks: [] };
    list.items.push(item);
    this.#wasBlank = false;
    this.#open.push({
      type: 'item',
      blocks: item.blocks,
      list,
      marker,
      columns: indent + marker.length + gap,
      indent,
    });
  }

  /** Whether the line begins a block that has no blocks in it. */
  #beginLeaf(line: Line, depth: number, paragraph: Paragraph | null, isInside: boolean): boolean {
    const { words, indent } = line;
    if (indent > 3) {
      if (paragraph) return false;
      line.takeColumns(4);
      this.#addLeaf(depth, { type: 'indented', lines: [line.rest()] });
      return true;
    }
    const heading = headingOf(words);
    const fence = heading ? null : fenceOf(words);
    const html = heading || fence ? null : htmlOf(words, paragraph !== null);
    if (heading) this.#addWhole(depth, { type: 'heading', ...heading });
    else if (fence) {
      const language = /^[\w+#-]{1,40}/.exec(fence.info)?.[0] ?? '';
      this.#addLeaf(depth, { type: 'fence', fence, indent, lines: [], language });
    } else if (html) {
      const isWhole = html.mark !== null && words.toLowerCase().includes(html.mark);
      if (isWhole) this.#addWhole(depth, { type: 'html', text: line.rest() });
      else this.#addLeaf(depth, { type: 'html', end: html, lines: [line.rest()] });
    } else if (paragraph && isInside && this.#endParagraph(paragraph, words)) return true;
    else if (isRule(words)) this.#addWhole(depth, { type: 'rule' });
    else return false;
    return true;
  }

  /** Whether the line makes a heading or a table of the paragraph before it. */
  #endParagraph(paragraph: Paragraph, words: string): boolean {
    const depth = underlineOf(words);
    const table = depth === null ? tableOf(paragraph.lines.at(-1) ?? '', words) : null;
    if (depth === null && !table) return false;
    if (table && paragraph.lines.length > 1) {
      paragraph.lines.pop();
      this.#closeLeaf();
      this.#lineStart = paragraph.lastStart;
    } else if (!this.#open.length) this.#lineStart = this.top.at(-1)?.start ?? 0;
    this.#leaf = table && { type: 'table', table };
    this.#addBlock(table ?? { type: 'heading', depth: depth ?? 1, text: paragraph.lines.join('\n').trim() });
    return true;
  }

  #addLeaf(depth: number, leaf: Leaf): void {
    this.#close(depth);
    this.#noteLoose();
    this.#leaf = leaf;
    if (!this.#open.length) this.#noteTop(null);
  }

  #addWhole(depth: number, block: Block): void {
    this.#close(depth);
    this.#addBlock(block);
  }

  /** A block that comes after a blank line in an item has its list drawn with space between. */
  #noteLoose(): void {
    const inner = this.#open.at(-1);
    if (inner?.list && this.#wasBlank && inner.blocks.length) inner.list.isLoose = true;
  }

  #addBlock(block: Block): void {
    this.#noteLoose();
    const inner = this.#open.at(-1);
    if (inner) inner.blocks.push(block);
    else this.#noteTop(block);
  }

  #noteTop(block: Block | null): void {
    const last = this.top.at(-1);
    if (last && last.start === this.#lineStart) last.block = block;
    else this.top.push({ start: this.#lineStart, block, definitions: [] });
  }

  /** Closes all that is open below a depth. */
  #close(depth: number): void {
    if (this.#leaf) this.#closeLeaf();
    this.#open.length = Math.min(this.#open.length, depth);
  }

  #closeLeaf(): void {
    const leaf = this.#leaf;
    this.#leaf = null;
    if (!leaf || leaf.type === 'table') return;
    const { block, found } = finishLeaf(leaf);
    const definitions = this.top.at(-1)?.definitions;
    // One at a time: a call takes only so many arguments.
    for (const definition of found) definitions?.push(definition);
    const inner = this.#open.at(-1);
    if (inner) {
      if (block?.type === 'paragraph' && inner.list && !inner.blocks.length)
        takeTask(block, inner.list.items.at(-1));
      if (block) inner.blocks.push(block);
    } else {
      const top = this.top.at(-1);
      if (top) top.block = block;
    }
  }
}
