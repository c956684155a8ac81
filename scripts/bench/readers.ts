import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Figure, formatMs, limitFigure, measureInTurn, measureTime, summarizePairs } from './figure.ts';
import type { BenchServer } from './server.ts';
import type { Stage } from './stage.ts';

/** Reads a stream to its end and passes on its text. */
async function readStream(response: Response, onText: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
      onText(decoder.decode(chunk, { stream: true }));
  } catch {
    // The reader hung up.
  }
}

/** The time from a change until all of `count` readers have its event. */
async function timeFanOut(server: BenchServer, count: number, title: string): Promise<number> {
  const hangUp = new AbortController();
  let reached = 0;
  let resolveAll = () => {};
  const allReached = new Promise<void>((resolve) => {
    resolveAll = resolve;
  });
  for (let reader = 0; reader < count; reader += 1) {
    let text = '';
    void readStream(await server.get('/api/conversations/a/events', hangUp.signal), (piece) => {
      if (text.includes(title)) return;
      text += piece;
      if (!text.includes(title)) return;
      reached += 1;
      if (reached === count) resolveAll();
    });
  }
  await delay(300);
  const duration = await measureTime(async () => {
    await server.send('/api/conversations/a', { title }, { method: 'PATCH' });
    await allReached;
  });
  hangUp.abort();
  return duration;
}

/** One event to 200 readers, compared with one reader. */
export async function measureReaders(stage: Stage): Promise<Figure> {
  const server = await stage.startServer({ SESSIONS_DIR: join(stage.root, 'readers') });
  await (await server.send('/api/conversations', { id: 'a' })).text();
  let round = 0;
  const spread = (readers: number) => {
    round += 1;
    return timeFanOut(server, readers, `title ${round}.`);
  };
  const pairs = await measureInTurn(
    5,
    () => spread(200),
    () => spread(1),
  );
  const { ours, floor, ratio } = summarizePairs(pairs);
  await server.stop();
  return limitFigure('one event to 200 readers / to one', formatMs(ours), '<= 50 ms', ours <= 50, {
    floor: formatMs(floor),
    ratio,
  });
}

/**
 * Runs `write-journal.ts` as a process: a data folder records the process that opened it, and a server does not start on
 * the folder while that process runs.
 */
async function writeJournal(folder: string): Promise<void> {
  const script = join(import.meta.dirname, 'write-journal.ts');
  const [code] = await once(spawn(process.execPath, [...process.execArgv, script, folder]), 'exit');
  if (code !== 0) throw new Error(`write-journal.ts exited with ${code}`);
}

/** Replays all events; returns how long it took until the last one, and the bytes received. */
async function replayEvents(server: BenchServer): Promise<{ duration: number; bytes: number }> {
  const hangUp = new AbortController();
  const start = performance.now();
  const response = await server.get('/api/conversations/a/events?after=0', hangUp.signal);
  let bytes = 0;
  let tail = '';
  let duration = 0;
  await readStream(response, (piece) => {
    bytes += piece.length;
    const text = tail + piece;
    tail = text.slice(-40);
    if (duration || !text.includes('piece 9999 ')) return;
    duration = performance.now() - start;
    hangUp.abort();
  });
  return { duration, bytes };
}

/** A replay of 10,000 events from the first, compared with reading a file of the same size. */
export async function measureReplay(stage: Stage): Promise<Figure> {
  const data = join(stage.root, 'replay');
  await mkdir(data);
  await writeJournal(data);
  const server = await stage.startServer({ SESSIONS_DIR: data });
  await (await server.send('/api/conversations', { id: 'a' })).text();
  const { bytes } = await replayEvents(server);
  const file = join(stage.root, 'plain');
  await writeFile(file, 'x'.repeat(bytes));
  const pairs = await measureInTurn(
    7,
    async () => (await replayEvents(server)).duration,
    () => measureTime(() => readFile(file)),
  );
  const { ours, floor, ratio } = summarizePairs(pairs);
  await server.stop();
  return limitFigure('replay of 10,000 events / reading a file', formatMs(ours), '<= 200 ms', ours <= 200, {
    floor: formatMs(floor),
    ratio,
  });
}
