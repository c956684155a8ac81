import { Lexer, type Token } from 'marked';

/** A top-level block of a Markdown text, with the source that it was made of. */
export type Block = { raw: string; token: Token };

/** What is known of a text that grows: its blocks, and where each begins. */
export type Blocks = { source: string; blocks: Block[] };

/** How many blocks at the end a further line can still change: the last one, and the blank before it. */
const unsettled = 2;

function lex(source: string): Block[] {
  return new Lexer({ gfm: true, breaks: true }).lex(source).map((token) => ({ raw: token.raw, token }));
}

/**
 * The blocks of a text. Where it is `before` with more at its end, only the last blocks are read again, and
 * all others are the same objects as before.
 */
export function toBlocks(source: string, before?: Blocks): Blocks {
  if (before?.source === source) return before;
  if (!before?.source || !source.startsWith(before.source)) return { source, blocks: lex(source) };
  const kept = before.blocks.slice(0, -unsettled);
  // Tabs and line ends are changed by the lexer: then the parts no longer add up to the source.
  const at = kept.reduce((sum, { raw }) => sum + raw.length, 0);
  if (kept.map(({ raw }) => raw).join('') !== source.slice(0, at)) return { source, blocks: lex(source) };
  return { source, blocks: [...kept, ...lex(source.slice(at))] };
}

const safeSchemes = ['http:', 'https:', 'mailto:'];

/** The address of a link where it is one that may be opened; anything that could run here, or is local, is none. */
export function safeHref(href: string): string | null {
  // What a browser passes over in an address must not hide its scheme.
  const clean = href.replaceAll(/[\u0000-\u0020\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202f\ufeff]/g, '');
  try {
    const url = new URL(clean);
    return safeSchemes.includes(url.protocol) ? url.href : null;
  } catch {
    return null; // It is relative: to what, nobody knows here.
  }
}
