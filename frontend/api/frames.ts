/** A frame of a server-sent event stream. */
export type Frame = { event: string; data: string };

/** Takes a stream apart as it comes, cut anywhere. Comments count as nothing but a sign of life. */
export function createFrameReader() {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    push(chunk: Uint8Array): Frame[] {
      rest += decoder.decode(chunk, { stream: true });
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
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
