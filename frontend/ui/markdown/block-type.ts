import type { Table } from './table.ts';

export type ListItem = { task: boolean | null; blocks: Block[] };
export type List = { type: 'list'; start: number | null; isLoose: boolean; items: ListItem[] };

/** A block of a text. `text` of paragraphs, headings and cells is still to be read by `parseInline`. */
export type Block =
  | { type: 'paragraph'; text: string }
  | { type: 'heading'; depth: number; text: string }
  | { type: 'code'; text: string; language: string }
  | { type: 'html'; text: string }
  | { type: 'quote'; blocks: Block[] }
  | { type: 'rule' }
  | Table
  | List;

/** A block at the top, where it begins in the source, and the addresses that it defines. */
export type TopBlock = { start: number; block: Block | null; definitions: [string, string][] };
