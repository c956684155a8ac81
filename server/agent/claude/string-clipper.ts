/**
 * Cuts the strings of JSON text that comes in pieces, each to `max` characters, and marks the cut. The text stays
 * valid JSON. A line of 50 MB is most often one string; parsed whole it would stop the server for seconds.
 */
export function createStringClipper(max: number, mark: string): (piece: string) => string {
  let isInString = false;
  /** Characters of the string that is being read; of its escapes each counts as several. */
  let length = 0;
  /** How many characters of an escape are still to come. */
  let pending = 0;
  let isCut = false;

  /** Reads a string from `from` and gives where it ends in this piece, or where the piece does. */
  function readString(piece: string, from: number, kept: string[]): number {
    let at = from;
    let keptFrom = isCut ? -1 : from;
    for (; at < piece.length; at += 1) {
      const char = piece.charCodeAt(at);
      // A line break is never inside of a string: the text is not JSON, and the next line starts again.
      if (char === 0x0a || (char === 0x22 && pending === 0)) break;
      if (pending > 0) {
        // The first character after a backslash; four digits follow a `u`.
        pending = pending === 5 ? (char === 0x75 ? 4 : 0) : pending - 1;
      } else if (!isCut && length >= max) {
        kept.push(piece.slice(keptFrom, at), mark);
        keptFrom = -1;
        isCut = true;
        if (char === 0x5c) pending = 5;
      } else if (char === 0x5c) pending = 5;
      length += 1;
    }
    if (keptFrom >= 0) kept.push(piece.slice(keptFrom, at));
    return at;
  }

  return (piece) => {
    const kept: string[] = [];
    let at = 0;
    while (at < piece.length) {
      if (isInString) {
        at = readString(piece, at, kept);
        if (at === piece.length) break;
        isInString = false;
        kept.push(piece.charAt(at));
        at += 1;
      } else {
        const quote = piece.indexOf('"', at);
        const end = quote < 0 ? piece.length : quote + 1;
        kept.push(piece.slice(at, end));
        at = end;
        if (quote >= 0) [isInString, length, pending, isCut] = [true, 0, 0, false];
      }
    }
    return kept.join('');
  };
}
