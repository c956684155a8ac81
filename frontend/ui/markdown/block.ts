import { BlockReader } from './block-reader.ts';
import type { TopBlock } from './block-type.ts';

/** The blocks of a text. Together their sources are the whole of it. */
export function parseBlocks(source: string): TopBlock[] {
  const reader = new BlockReader();
  const ends = /\r\n|\r|\n|$/g;
  for (let start = 0; start < source.length; ) {
    ends.lastIndex = start;
    const end = ends.exec(source);
    const to = end?.index ?? source.length;
    reader.readLine(source.slice(start, to), start);
    start = to + (end?.[0].length ?? 0);
    if (to >= source.length) break;
  }
  return reader.finish();
}
