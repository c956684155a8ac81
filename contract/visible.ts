/** A piece of a text as a person sees it; a mark replaces characters that cannot be seen. */
export type Piece = { text: string; isMark: boolean };

/** A longer run of spaces would push the text behind it out of sight. */
const maxBlanks = 24;

/** More combining characters on one letter cover what is around it. */
const maxCombining = 4;

/** What has no shape of its own, or the shape of a blank. The bracket of the marks is here so that no text can imitate one. */
const hidden =
  '(?![\\n\\t ])[\\p{C}\\p{Z}\\p{Default_Ignorable_Code_Point}\\p{Me}\\u2800\\ufffc\\u{13441}\\u{13442}\\u{16fe4}\\u{1d159}\\u27e8]';

const pattern = new RegExp(`[ \\t]+|(${hidden})\\1*|(?:(?!${hidden})\\p{M})+`, 'gu');
const isHidden = new RegExp(`^${hidden}`, 'u');

/** The same characters in a row share a mark: `⟨U+200B⟩`, `⟨U+200B × 40⟩`. */
function markRuns(text: string): string {
  return text.replaceAll(/([\s\S])\1*/gu, (run, char: string) => {
    const name = char === ' ' ? 'space' : char === '\t' ? 'tab' : `U+${codeOf(char)}`;
    const count = run.length / char.length;
    return `⟨${name}${count > 1 ? ` × ${count}` : ''}⟩`;
  });
}

const codeOf = (char: string) => (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');

/** Whether a match is shown as it is: spaces between words, and the accents of a letter. */
function isPlain(match: string, at: number, text: string): boolean {
  const first = match[0] ?? '';
  const next = text[at + match.length];
  if (first === ' ' || first === '\t')
    return match.length <= maxBlanks && next !== undefined && next !== '\n';
  if (isHidden.test(match)) return false;
  const before = text[at - 1];
  return (
    [...match].length <= maxCombining && before !== undefined && !/\s/.test(before) && !isHidden.test(before)
  );
}

/**
 * A text with marks in place of what cannot be seen: control, bidi and zero-width characters, exotic and long
 * blanks, floods of combining characters. No two texts look the same. Takes linear time.
 */
export function toPieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    if (isPlain(match[0], match.index, text)) continue;
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), isMark: false });
    pieces.push({ text: markRuns(match[0]), isMark: true });
    from = match.index + match[0].length;
  }
  if (from < text.length || !pieces.length) pieces.push({ text: text.slice(from), isMark: false });
  return pieces;
}

/** As `toPieces`, in one string. */
export const visible = (text: string): string =>
  toPieces(text)
    .map((piece) => piece.text)
    .join('');

/** As `visible`, in one line. */
export const visibleLine = (text: string): string => text.split('\n').map(visible).join('⟨U+000A⟩');

/** An emoji is often written with these; they hide nothing. */
const inEmoji =
  /(\p{Extended_Pictographic}\p{Emoji_Modifier}?)[\ufe0f\u200d]+(?=\p{Extended_Pictographic}|$|[^\p{C}\p{M}])/gu;

/** Whether a text has characters that a person would not see, other than spaces at the end of a line. */
export function hidesCharacters(text: string): boolean {
  const shown = toPieces(text.replaceAll(inEmoji, '$1'));
  return shown.some(({ text: mark, isMark }, index) => {
    if (!isMark || /^⟨U\+27E8( × \d+)?⟩$/.test(mark)) return false;
    if (!/^(⟨(space|tab)( × \d+)?⟩)+$/.test(mark)) return true;
    const next = shown[index + 1]?.text;
    return next !== undefined && !next.startsWith('\n');
  });
}

/** What of a long text is left out in the middle. */
export type Cut = { head: string; middle: string; tail: string; lines: number; characters: number };

/** A text of more lines or characters is cut; then this much of it is shown at both ends. */
const limits = { lines: 12, characters: 600, headLines: 2, head: 300, tail: 150 };

/** Where a text is cut; null if it is short enough to be read at a glance. */
export function cutText(text: string): Cut | null {
  const lines = countLines(text);
  if (lines <= limits.lines && text.length <= limits.characters) return null;
  let from = limits.head;
  let to = text.length - limits.tail;
  if (lines > limits.headLines + 1) {
    const second = text.indexOf('\n', text.indexOf('\n') + 1);
    from = Math.min(from, second);
    to = Math.max(to, text.lastIndexOf('\n') + 1);
  }
  from = Math.min(from, to);
  // Not between the halves of one character.
  if (/[\ud800-\udbff]/.test(text[from - 1] ?? '')) from -= 1;
  if (/[\udc00-\udfff]/.test(text[to] ?? '')) to += 1;
  const middle = text.slice(from, to);
  const breaks = countLines(middle) - 1;
  return {
    head: text.slice(0, from),
    middle,
    tail: text.slice(to),
    lines: Math.max(0, breaks - 1),
    characters: middle.length,
  };
}

export function countLines(text: string): number {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
