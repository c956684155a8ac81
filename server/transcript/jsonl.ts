/** A line longer than this is left out: no message is so long, and it would only fill the memory. */
const maxLine = 64 * 1024 * 1024;

/** Splits text that comes in pieces into lines, at LF alone; what is behind the last LF waits for more. */
export function createLineSplitter(): { push(piece: string): string[]; rest(): string } {
  let pieces: string[] = [];
  let length = 0;
  return {
    push(piece) {
      const lines: string[] = [];
      let from = 0;
      for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
        pieces.push(piece.slice(from, end));
        if (length <= maxLine) lines.push(pieces.join(''));
        pieces = [];
        length = 0;
        from = end + 1;
      }
      length += piece.length - from;
      if (length <= maxLine) pieces.push(piece.slice(from));
      else pieces = [];
      return lines;
    },
    rest: () => (length <= maxLine ? pieces.join('') : ''),
  };
}

/** Parses a line of JSON that is to be an object; null for anything else, as a cut last line is. */
export function parseLine(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
