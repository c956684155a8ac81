import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Entry } from '../transcript/entry.ts';
import { toolResultIds } from '../transcript/entry.ts';
import { parseLine } from '../transcript/jsonl.ts';
import { openTranscript } from './open-transcript.ts';
import { readEntry, readPlaces } from './page.ts';

/** What belongs to the old session's requests and costs; the CLI creates it again. */
export const leftInCopies = /^(api-request|cost-state$|last-prompt$|atis-latch$)/;

/**
 * Copies a transcript into a new session beside it, as the CLI's own --fork-session does: the same entries
 * under the new id. With `until` (ISO-8601) it ends before the first message from after it. The old file is
 * only read. False if there is nothing to copy.
 */
export async function copyTranscript(
  path: string,
  to: { until: string | null; sessionId: string },
): Promise<boolean> {
  const { chain } = await readPlaces(path);
  const source = await openTranscript(path);
  try {
    let end = (await source.stat()).size;
    let leaf = chain.at(-1);
    for (const [index, place] of chain.entries()) {
      const entry = to.until === null ? null : await readEntry(source, place);
      const isLater =
        entry?.type === 'user' && !toolResultIds(entry).length && (entry.timestamp ?? '') > (to.until ?? '');
      if (!isLater) continue;
      end = place.start;
      leaf = chain[index - 1];
      break;
    }
    if (!leaf || end === 0) return false;
    const target = await open(join(dirname(path), `${to.sessionId}.jsonl`), 'wx', 0o600);
    try {
      for await (const line of source.readLines({ start: 0, end: end - 1, autoClose: false })) {
        const entry = parseLine(line) as (Entry & { sessionId?: string }) | null;
        if (entry && !leftInCopies.test(entry.type))
          await target.write(`${JSON.stringify({ ...entry, sessionId: to.sessionId })}\n`);
      }
      // The last of these decides which branch continues.
      await target.write(
        `${JSON.stringify({ type: 'last-prompt', leafUuid: leaf.uuid, sessionId: to.sessionId })}\n`,
      );
      await target.sync();
    } finally {
      await target.close();
    }
    return true;
  } finally {
    await source.close();
  }
}
