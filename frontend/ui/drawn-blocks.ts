import { type Blocks, endLength, type SourceBlock, toBlocks } from './blocks.ts';

/** A text with more marks or characters is not meant for people: the rest of it is shown as it was written. */
const maxSigns = 12_000;
const maxCharacters = 100_000;

/** Long code is cut when it is drawn, so it leaves room for what follows. */
const maxCode = 20_000;

/** Reading this much again with each piece that comes takes no noticeable time. */
const smallEnd = 20_000;

/** A longer end is read again when the text has grown by this part of it: so all readings together take linear time. */
const growth = 1 / 8;

/** What is known of a text: its blocks, how many of them are drawn, and what has come since they were read. */
export type Drawn = { known: Blocks; count: number; rest: string };

function countDrawn(blocks: readonly SourceBlock[]): number {
  let signs = 0;
  let characters = 0;
  const end = blocks.findIndex(({ block, raw, signs: own }) => {
    signs += own;
    characters += block?.type === 'code' ? Math.min(raw.length, maxCode) : raw.length;
    return signs > maxSigns || characters > maxCharacters;
  });
  return end < 0 ? blocks.length : end;
}

function readAll(source: string, before?: Blocks): Drawn {
  const known = toBlocks(source, before);
  return { known, count: countDrawn(known.blocks), rest: '' };
}

/** Whether what is drawn already fills all that may be drawn: more text changes nothing of it. */
const isFull = ({ known, count }: Drawn) => count < known.blocks.length;

/** What to draw of a text that grows. Its end is not read again for every piece that comes. */
export function drawGrowing(source: string, before?: Drawn): Drawn {
  if (!before || !source.startsWith(before.known.source)) return readAll(source);
  const rest = source.slice(before.known.source.length);
  const end = endLength(before.known);
  const isLater = isFull(before) || (end > smallEnd && rest.length < end * growth);
  return isLater ? { ...before, rest } : readAll(source, before.known);
}

/** Reads also what has come last, when a text has stopped growing. */
export function drawPaused(drawn: Drawn): Drawn {
  return isFull(drawn) ? drawn : readAll(drawn.known.source + drawn.rest, drawn.known);
}
