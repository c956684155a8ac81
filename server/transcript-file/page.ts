import type { FileHandle } from 'node:fs/promises';
import type { HistoryMessage, HistoryPage } from '../../contract/message.ts';
import { createBranch } from '../transcript/branch.ts';
import { type Entry, type PlacedEntry, toolResultIds } from '../transcript/entry.ts';
import { createHistoryPage, type PageCursor } from '../transcript/history-page.ts';
import { parseLine } from '../transcript/jsonl.ts';
import { type LastActivity, LastActivityReader } from '../transcript/last-activity.ts';
import { toBlocks } from '../transcript/message-part.ts';
import { foldEntries } from '../transcript/messages.ts';
import { openTranscript, toTranscriptError } from './open-transcript.ts';

const chunkBytes = 128 * 1024;

/** One line of a file with where it begins and ends, without its LF. */
type PlacedLine = { bytes: Buffer; start: number; end: number };

/** The lines of a file from `end` (or its end) backwards, reading no more than is asked for. */
export async function* readLinesBackward(file: FileHandle, end: number): AsyncGenerator<PlacedLine> {
  let position = end;
  let lineEnd = end;
  let pieces: Buffer[] = [];
  while (position > 0) {
    const size = Math.min(chunkBytes, position);
    position -= size;
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(size), 0, size, position);
    let to = bytesRead;
    for (
      let at = buffer.lastIndexOf(0x0a, to - 1);
      at >= 0 && to > 0;
      at = buffer.lastIndexOf(0x0a, to - 1)
    ) {
      pieces.push(buffer.subarray(at + 1, to));
      const start = position + at + 1;
      yield {
        bytes: pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces.reverse()),
        start,
        end: lineEnd,
      };
      pieces = [];
      lineEnd = start;
      to = at;
    }
    if (to > 0) pieces.push(buffer.subarray(0, to));
  }
  if (pieces.length) yield { bytes: Buffer.concat(pieces.reverse()), start: 0, end: lineEnd };
}

/** Most lines of a new transcript are request bodies; one that names no tree entry need not be parsed. */
const mayBeEntry = (bytes: Buffer) => bytes.includes('"uuid"') || bytes.includes('"leafUuid"');

/** Gives the entries of a file from the last to the first until `offer` returns false. */
export async function readEntriesBackward(
  path: string,
  from: number | undefined,
  offer: (placed: PlacedEntry) => boolean,
  onTorn: (start: number) => void = () => {},
): Promise<void> {
  const file = await openTranscript(path);
  try {
    const { size } = await file.stat();
    for await (const line of readLinesBackward(file, Math.min(from ?? size, size))) {
      if (!line.bytes.length || !mayBeEntry(line.bytes)) continue;
      const entry = parseLine(line.bytes.toString('utf8')) as Entry | null;
      if (entry === null) onTorn(line.start);
      else if (!offer({ entry, start: line.start, end: line.end })) return;
    }
  } catch (error) {
    throw toTranscriptError(path, error);
  } finally {
    await file.close();
  }
}

/** A page of the conversation that a transcript holds, newest first; see createPage. */
export async function readPage(
  path: string,
  { limit, before }: { limit: number; before?: PageCursor | undefined },
): Promise<Pick<HistoryPage, 'messages' | 'before'>> {
  const page = createHistoryPage(limit, before);
  let torn: number | null = null;
  let isComplete = false;
  const offer = (placed: PlacedEntry) => {
    const wanted = page.offer(placed);
    if (!wanted) isComplete = true;
    return wanted;
  };
  await readEntriesBackward(path, before?.end, offer, (start) => {
    torn ??= start;
  });
  // A cut line may have been the next one on the branch: continue with what is before it.
  if (!isComplete && torn !== null) {
    page.skipGap();
    await readEntriesBackward(path, torn, offer);
  }
  return page.finish();
}

/** The entries of the conversation from `at` (ISO-8601) on, in its order. */
export async function readSince(path: string, at: string): Promise<Entry[]> {
  const chain = createBranch();
  const found: PlacedEntry[] = [];
  await readEntriesBackward(path, undefined, (placed) => {
    const taken = chain.offer(placed);
    found.push(...taken.filter(({ entry }) => (entry.timestamp ?? at) >= at));
    return !chain.isDone() && taken.every(({ entry }) => (entry.timestamp ?? at) >= at);
  });
  return found.sort((a, b) => a.start - b.start).map(({ entry }) => entry);
}

/** What a session did last. */
export async function readLastActivity(path: string): Promise<LastActivity> {
  const reader = new LastActivityReader();
  await readEntriesBackward(
    path,
    undefined,
    ({ entry }) => reader.offer(entry),
    () => reader.countCutLine(),
  );
  return reader.finish();
}

/** The cost (USD) that the CLI noted when a process of the session last ended; 0 if it noted none. */
export async function readCost(path: string): Promise<number> {
  const file = await openTranscript(path);
  try {
    const { size } = await file.stat();
    for await (const { bytes } of readLinesBackward(file, size)) {
      const entry = bytes.includes('"cost-state"')
        ? (parseLine(bytes.toString('utf8')) as { type?: string; totalCostUSD?: unknown } | null)
        : null;
      if (entry?.type === 'cost-state') return Number(entry.totalCostUSD) || 0;
    }
    return 0;
  } finally {
    await file.close();
  }
}

/** The place of a line in a file. */
type Place = { start: number; end: number };

/** The places of the entries of the conversation, in its order, and of the tool results off its branch. */
export async function readPlaces(
  path: string,
): Promise<{ chain: (Place & { uuid: string })[]; aside: Map<string, Place> }> {
  const chain = createBranch();
  const taken: (Place & { uuid: string })[] = [];
  const aside = new Map<string, Place>();
  await readEntriesBackward(path, undefined, (placed) => {
    const { entry, start, end } = placed;
    for (const id of toolResultIds(entry)) if (!aside.has(id)) aside.set(id, { start, end });
    for (const found of chain.offer(placed))
      taken.push({ uuid: String(found.entry.uuid), start: found.start, end: found.end });
    return !chain.isDone();
  });
  return { chain: taken.sort((a, b) => a.start - b.start), aside };
}

export async function readEntry(file: FileHandle, { start, end }: Place): Promise<Entry | null> {
  const { buffer } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start);
  return parseLine(buffer.toString('utf8').trimEnd()) as Entry | null;
}

/** The minimum number of entries that are made into messages together. */
const foldBatch = 64;

const isPrompt = (entry: Entry) => entry.type === 'user' && !entry.isMeta && !toolResultIds(entry).length;

/** The whole conversation of a transcript in order, not truncated, with little of it in memory at a time. */
export async function* readWhole(path: string): AsyncGenerator<HistoryMessage> {
  const { chain, aside } = await readPlaces(path);
  const file = await openTranscript(path);
  const fold = async (entries: readonly Entry[]) => {
    const results = new Map<string, Entry>();
    for (const entry of entries) {
      for (const { type, id } of toBlocks(entry.message?.content)) {
        const place = type === 'tool_use' ? aside.get(String(id)) : undefined;
        const found = place && (await readEntry(file, place));
        if (found) results.set(String(id), found);
      }
    }
    return foldEntries(entries, (id) => results.get(id), {
      text: Number.POSITIVE_INFINITY,
      tool: Number.POSITIVE_INFINITY,
    });
  };
  try {
    let batch: Entry[] = [];
    for (const place of chain) {
      const entry = await readEntry(file, place);
      if (!entry) continue;
      // Between two prompts no message and no tool call is open.
      if (batch.length >= foldBatch && isPrompt(entry)) {
        yield* await fold(batch);
        batch = [];
      }
      batch.push(entry);
    }
    yield* await fold(batch);
  } finally {
    await file.close();
  }
}

/** The folder in which a session was started; null if the transcript does not say. */
export async function readProject(path: string): Promise<string | null> {
  const file = await openTranscript(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, 0);
    const match = /"cwd":"((?:[^"\\]|\\.)*)"/.exec(buffer.toString('utf8', 0, bytesRead));
    return match ? JSON.parse(`"${match[1]}"`) : null;
  } finally {
    await file.close();
  }
}
