/** Gives the data of the frames of an event stream that comes in pieces. Each piece is looked at once. */
export function createFrameReader(): { push(piece: string): string[] } {
  let pieces: string[] = [];
  return {
    push(piece) {
      const last = pieces.at(-1)?.slice(-1) ?? '';
      if (piece) pieces.push(piece);
      if (!`${last}${piece}`.includes('\n\n')) return [];
      const frames = pieces.join('').split('\n\n');
      pieces = [frames.pop() ?? ''];
      return frames.map((frame) => /^data: (.*)$/m.exec(frame)?.[1] ?? '').filter(Boolean);
    },
  };
}
