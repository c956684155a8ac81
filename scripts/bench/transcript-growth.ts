import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { toProjectSlug } from '../../server/transcript-file/paths.ts';
import { type Figure, formatMs, limitFigure, measureTime } from './figure.ts';
import { readIndexing } from './indexing.ts';
import type { BenchServer } from './server.ts';

/** How many bytes the server has read so far, from any file. */
async function bytesReadBy({ pid }: BenchServer): Promise<number> {
  return Number(/rchar: (\d+)/.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

async function waitUntilFound(server: BenchServer, word: string): Promise<void> {
  const hasHit = async () => {
    const response = await server.get(`/api/search?q=${word}&limit=1`);
    return ((await response.json()) as { hits: unknown[] }).hits.length > 0;
  };
  while (!(await hasHit())) await delay(20);
}

/** A large transcript grows: how soon the new text is found, and how much is read for that. */
export async function measureGrowth(
  server: BenchServer,
  { home, project, sessionId }: { home: string; project: string; sessionId: string },
): Promise<Figure[]> {
  const path = join(home, 'projects', toProjectSlug(project), `${sessionId}.jsonl`);
  const grow = (size: number, word: string) => {
    const message = { role: 'user', content: `${word} ${'word '.repeat(20)}` };
    const line = JSON.stringify({ type: 'user', uuid: sessionId, sessionId, message });
    return appendFile(path, `${line}\n`.repeat(Math.ceil(size / line.length)));
  };
  // Large enough that reading all of it again would show.
  await grow(100e6, 'filled');
  await waitUntilFound(server, 'filled');
  while (!(await readIndexing(server)).done) await delay(100);
  await delay(5000);
  const readBefore = await bytesReadBy(server);
  await grow(10e6, 'grown');
  const growth = await measureTime(() => waitUntilFound(server, 'grown'));
  await delay(3000);
  const read = (await bytesReadBy(server)) - readBefore;
  return [
    limitFigure(
      'a transcript of 100 MB grows by 10 MB, read for that, index and all',
      `${(read / 1e6).toFixed(0)} MB`,
      '<= 100 MB',
      read <= 100e6,
    ),
    limitFigure('a transcript grows by 10 MB, found after', formatMs(growth), '<= 2000 ms', growth <= 2000),
  ];
}
