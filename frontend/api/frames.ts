/** A frame of a server-sent event stream. */
export type Frame = { event: string; data: string };

/** Takes a stream apart as it comes, cut anywhere. Comments count as nothing but a sign of life. */
export function createFrameReader() {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  return {
    push(chunk: Uint8Array): Frame[] {
      const text = decoder.decode(chunk, { stream: true });
      if (!text) return [];
      const last = pieces.at(-1) ?? '';
      pieces.push(text);
      // Of a frame that comes in many pieces only its end is looked at.
      if (!`${last.slice(-1)}${text}`.includes('\n\n')) return [];
      const blocks = pieces.join('').split('\n\n');
      pieces = [blocks.pop() ?? ''];
      return blocks.flatMap((block): Frame[] => {
        let event = 'message';
        const data: string[] = [];
        for (const line of block.split('\n')) {
          if (line.startsWith('event:')) event = line.slice(6).trim();
          else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
        }
        return data.length ? [{ event, data: data.join('\n') }] : [];
      });
    },
  };
}
