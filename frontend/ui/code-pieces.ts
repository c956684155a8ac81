/**
 * Some languages take quadratic time to be coloured (30 KB of one word in Java took 4.8 s). So a code is coloured in
 * pieces of at most this length, each in a separate task.
 */
const maxPiece = 2000;

/** Code beyond this is not highlighted. */
const maxColoured = 50_000;

/** A part of a code; a line that is longer than a piece may be is not coloured. */
export type CodePiece = { text: string; isColoured: boolean };

/** The pieces of a code. They end with a line, and make up the whole text. */
export function toCodePieces(text: string): CodePiece[] {
  const pieces: CodePiece[] = [];
  let from = 0;
  while (from < text.length && from < maxColoured) {
    const limit = Math.min(from + maxPiece, text.length);
    const isEnd = limit === text.length;
    const lineEnd = isEnd ? limit : text.lastIndexOf('\n', limit - 1) + 1;
    const isColoured = lineEnd > from;
    const next = isColoured ? lineEnd : text.indexOf('\n', limit) + 1 || text.length;
    pieces.push({ text: text.slice(from, next), isColoured });
    from = next;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isColoured: false });
  return pieces;
}
