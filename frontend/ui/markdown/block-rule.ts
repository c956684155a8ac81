import { addressAt, labelOf, titleEnd } from './inline-rule.ts';

/** The mark of an item of a list. */
export type Marker = { bullet: string; start: number | null; length: number; isEmpty: boolean };

const marker = /^(?:([*+-])|(\d{1,9})([.)]))(?=[ \t]|$)/;

export function markerOf(words: string): Marker | null {
  const found = marker.exec(words.slice(0, 16));
  if (!found) return null;
  const length = found[0].length;
  const start = found[2] === undefined ? null : Number(found[2]);
  return { bullet: found[1] ?? found[3] ?? '', start, length, isEmpty: words.slice(length).trim() === '' };
}

/** A line of three or more `*`, `-` or `_`, with any spaces between. */
export function isRule(words: string): boolean {
  const sign = words[0];
  if (sign !== '*' && sign !== '-' && sign !== '_') return false;
  let count = 0;
  for (const letter of words) {
    if (letter === sign) count += 1;
    else if (letter !== ' ' && letter !== '\t') return false;
  }
  return count >= 3;
}

export type Fence = { sign: string; length: number; info: string };

export function fenceOf(words: string): Fence | null {
  const run = /^(?:`{3,}|~{3,})/.exec(words)?.[0];
  if (!run) return null;
  const info = words.slice(run.length).trim();
  return run[0] === '`' && info.includes('`') ? null : { sign: run[0] ?? '', length: run.length, info };
}

export const isFenceEnd = (words: string, { sign, length }: Fence): boolean => {
  const end = words.trimEnd();
  return end.length >= length && end === sign.repeat(end.length);
};

/** The text of a heading without the signs around it. */
export function headingOf(words: string): { depth: number; text: string } | null {
  const depth = /^#{1,6}(?=[ \t]|$)/.exec(words)?.[0].length;
  if (!depth) return null;
  let text = words.slice(depth).trim();
  let end = text.length;
  while (text[end - 1] === '#') end -= 1;
  if (end === 0 || (end < text.length && /[ \t]/.test(text[end - 1] ?? '')))
    text = text.slice(0, end).trimEnd();
  return { depth, text };
}

/** The depth of a heading whose text is in the lines before. */
export function underlineOf(words: string): number | null {
  const line = words.trimEnd();
  if (line === '=' || line === '-') return line === '=' ? 1 : 2;
  const sign = line[0];
  if ((sign !== '=' && sign !== '-') || line !== sign.repeat(line.length)) return null;
  return sign === '=' ? 1 : 2;
}

const blockTags = new Set(
  `address article aside base basefont blockquote body caption center col colgroup dd details dialog dir div dl dt fieldset
  figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe legend li link main menu menuitem
  meta nav noframes ol optgroup option p param search section summary table tbody td tfoot th thead title tr track ul`.split(
    /\s+/,
  ),
);

/** How a block of HTML ends: with a sign, or (null) with a blank line. */
export type HtmlEnd = { mark: string | null };

export function htmlOf(words: string, isInParagraph: boolean): HtmlEnd | null {
  if (words[0] !== '<') return null;
  const verbatim = /^<(pre|script|style|textarea)(?=[\s>]|$)/i.exec(words)?.[1];
  if (verbatim) return { mark: `</${verbatim.toLowerCase()}>` };
  if (words.startsWith('<!--')) return { mark: '-->' };
  if (words.startsWith('<?')) return { mark: '?>' };
  if (words.startsWith('<![CDATA[')) return { mark: ']]>' };
  if (/^<![A-Za-z]/.test(words)) return { mark: '>' };
  const tag = /^<\/?([A-Za-z][A-Za-z0-9-]{0,40})(?=[\s>]|\/>|$)/.exec(words)?.[1];
  if (!tag) return null;
  if (blockTags.has(tag.toLowerCase())) return { mark: null };
  return !isInParagraph && /^<[^<>]*>\s*$/.test(words) ? { mark: null } : null;
}

/** The addresses that stand at the front of a paragraph by their labels, and where the rest of it begins. */
export function definitionsOf(text: string): { found: [label: string, address: string][]; end: number } {
  const found: [string, string][] = [];
  let end = 0;
  while (text[end] === '[') {
    const label = /^\[((?:[^[\]\\]|\\.){1,999})\]:[ \t]*\n?[ \t]*/.exec(text.slice(end, end + 1100));
    const target = label?.[1]?.trim() ? addressAt(text, end + label[0].length) : null;
    if (!label || !target || target.end === end + label[0].length) break;
    const lineEnd = (at: number) => /^[ \t]*(?:\n|$)/.exec(text.slice(at, at + 80))?.[0].length;
    const blank = /^[ \t]*\n?[ \t]*/.exec(text.slice(target.end, target.end + 80))?.[0].length ?? 0;
    const withTitle = titleEnd(text, target.end + blank);
    const after = lineEnd(withTitle) === undefined ? target.end : withTitle;
    const length = lineEnd(after);
    if (length === undefined) break;
    found.push([labelOf(label[1] ?? ''), target.address]);
    end = after + length;
  }
  return { found, end };
}
