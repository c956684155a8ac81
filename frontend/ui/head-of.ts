/** Laying out more than this takes longer than a frame. */
const maxLines = 500;
const maxCharacters = 20_000;

/** The beginning of a long text, with what it leaves out. */
export type Head = { head: string; lines: number; characters: number };

/** The beginning of a text that is too long to be drawn at once, if possible up to the end of a line; null for any other. */
export function headOf(text: string): Head | null {
  const end = Math.min(endOfLines(text), maxCharacters);
  if (end >= text.length) return null;
  const lineEnd = text.lastIndexOf('\n', end);
  const isSplit = /[\ud800-\udbff]/.test(text[end - 1] ?? '');
  const head = text.slice(0, lineEnd > 0 ? lineEnd + 1 : isSplit ? end - 1 : end);
  const rest = text.slice(head.length);
  return { head, lines: rest.split('\n').length - 1, characters: rest.length };
}

/** Where the last line ends that may be drawn. */
function endOfLines(text: string): number {
  let at = -1;
  for (let line = 0; line < maxLines; line += 1) {
    at = text.indexOf('\n', at + 1);
    if (at < 0) return text.length;
  }
  return at + 1;
}
