import { parseBlocks } from './markdown/block.ts';
import type { Block } from './markdown/block-type.ts';
import type { Definitions } from './markdown/inline-rule.ts';
import { countSigns } from './sign.ts';

/** A block at the top of a Markdown text (null if it shows nothing), the source that it was made of, and its signs. */
export type SourceBlock = {
  raw: string;
  block: Block | null;
  definitions: readonly [label: string, address: string][];
  signs: number;
};

/** What is known of a text that grows: its blocks, and the addresses that are defined in it. */
export type Blocks = { source: string; blocks: SourceBlock[]; definitions: Definitions };

/** How many blocks at the end a further line can still change: the last one, and the one before it. */
const unsettled = 2;

function read(source: string): SourceBlock[] {
  const found = parseBlocks(source);
  return found.map(({ start, block, definitions }, index) => {
    const raw = source.slice(index === 0 ? 0 : start, found[index + 1]?.start);
    // Code is one element, whatever is in it.
    return { raw, block, definitions, signs: block?.type === 'code' ? 1 : countSigns(raw) };
  });
}

/** Longer addresses are not resolved: many uses of one would multiply its length. */
const maxReferred = 1000;

/** The first definition of a label counts. */
function collect(source: string, blocks: SourceBlock[]): Blocks {
  const definitions = new Map<string, string>();
  for (const [label, address] of blocks.flatMap((block) => block.definitions)) {
    if (!definitions.has(label) && address.length <= maxReferred) definitions.set(label, address);
  }
  return { source, blocks, definitions };
}

/**
 * The blocks of a text. If it is `before` with more at its end, only the last blocks are read again, and
 * all others are the same objects as before.
 */
export function toBlocks(source: string, before?: Blocks): Blocks {
  if (before?.source === source) return before;
  if (!before?.source || !source.startsWith(before.source)) return collect(source, read(source));
  const kept = before.blocks.slice(0, -unsettled);
  const at = kept.reduce((sum, { raw }) => sum + raw.length, 0);
  return collect(source, [...kept, ...read(source.slice(at))]);
}

/** How many characters at the end of a text are read again when it grows. */
export const endLength = ({ blocks }: Blocks): number =>
  blocks.slice(-unsettled).reduce((sum, { raw }) => sum + raw.length, 0);

const safeSchemes = ['http:', 'https:', 'mailto:'];

/** The address of a link if it may be opened; null for one that could run here, or is local. */
export function safeHref(href: string): string | null {
  // What a browser passes over in an address must not hide its scheme.
  const clean = href.replaceAll(/[\u0000-\u0020\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202f\ufeff]/g, '');
  try {
    const url = new URL(clean);
    return safeSchemes.includes(url.protocol) ? url.href : null;
  } catch {
    return null; // It is relative, and the base is unknown here.
  }
}
