import { AppError } from '../app-error.ts';
import type { Entry } from '../transcript/entry.ts';
import { readEntriesBackward } from './page.ts';

const isSaid = ({ type, isSidechain, isMeta }: Entry) =>
  (type === 'user' || type === 'assistant') && !isSidechain && !isMeta;

/**
 * Whether there is something in a transcript that a session can be continued from. A file that is damaged has nothing.
 * Throws AppError `transcript_unreadable` for one that this user may not read.
 */
export async function isUsable(path: string): Promise<boolean> {
  let found = false;
  await readEntriesBackward(path, undefined, ({ entry }) => {
    found = isSaid(entry);
    return !found;
  }).catch((error) => {
    if (error instanceof AppError) throw error;
  });
  return found;
}

/**
 * Whether the last thing that was said between two moments (ISO-8601) is an answer. What came later is of the
 * next turn. It reads back no further than to `from`.
 */
export async function hasAnswerBetween(path: string, from: string, to: string): Promise<boolean> {
  let last: Entry | null = null;
  await readEntriesBackward(path, undefined, ({ entry }) => {
    if (!isSaid(entry) || (entry.timestamp ?? '') > to) return true;
    last = entry;
    return false;
  }).catch(() => {});
  return last !== null && (last as Entry).type === 'assistant' && ((last as Entry).timestamp ?? '') >= from;
}
