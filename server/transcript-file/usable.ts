import type { Entry } from '../transcript/entry.ts';
import { parseLine } from '../transcript/jsonl.ts';
import { ifMissing } from '../util/file-error.ts';
import { openTranscript } from './open-transcript.ts';
import { readEntriesBackward } from './page.ts';
import { readLinesForward } from './read-forward.ts';

const headBytes = 16 * 1024;

const isSaid = ({ type, isSidechain, isMeta }: Entry) =>
  (type === 'user' || type === 'assistant') && !isSidechain && !isMeta;

/**
 * Whether a session can be continued from a transcript. A damaged file has nothing to continue from.
 * Throws AppError `transcript_unreadable` for one that cannot be read now.
 */
export async function isUsable(path: string): Promise<boolean> {
  let found = false;
  await readEntriesBackward(path, undefined, ({ entry }) => {
    found = isSaid(entry);
    return !found;
  }).catch(ifMissing(undefined));
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
  }).catch(ifMissing(undefined));
  return last !== null && (last as Entry).type === 'assistant' && ((last as Entry).timestamp ?? '') >= from;
}

/**
 * Whether a transcript begins after `since` (ISO-8601) with an entry that continues one that is not in it. A
 * live process whose transcript was deleted continues like that in a new file: it keeps the session in
 * memory.
 */
export async function lacksBeginning(path: string, since: string): Promise<boolean> {
  const file = await openTranscript(path);
  try {
    for await (const { bytes } of readLinesForward(file, 0, headBytes)) {
      if (!bytes?.includes('"uuid"')) continue;
      const entry = parseLine(bytes.toString('utf8')) as Entry | null;
      if (entry?.uuid) return Boolean(entry.parentUuid) && (entry.timestamp ?? '') >= since;
    }
    return false;
  } finally {
    await file.close();
  }
}
