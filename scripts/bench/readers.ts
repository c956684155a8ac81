import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase } from '../../server/store/database.ts';
import { createJournal } from '../../server/store/journal.ts';
import { type Figure, inTurn, medians, ms, time } from './figure.ts';
import type { Stage } from './stage.ts';

/** Reads a stream for good, and calls `on` with what came. */
async function listen(response: Response, on: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
      on(decoder.decode(chunk, { stream: true }));
  } catch {
    // Hung up.
  }
}

/** From a change to the moment when the last of 200 readers has its event, beside one reader. */
export async function measureReaders(stage: Stage): Promise<Figure> {
  const server = await stage.startServer({ SESSIONS_DIR: join(stage.root, 'readers') });
  await (await server.send('/api/conversations', { id: 'a' })).text();
  let number = 0;

  async function spread(readers: number): Promise<number> {
    const hangUp = new AbortController();
    number += 1;
    const title = `title ${number}.`;
    let seen = 0;
    let done = () => {};
    const all = new Promise<void>((resolve) => {
      done = resolve;
    });
    for (let reader = 0; reader < readers; reader += 1) {
      let text = '';
      void listen(await server.get('/api/conversations/a/events', hangUp.signal), (piece) => {
        if (text.includes(title)) return;
        text += piece;
        if (!text.includes(title)) return;
        seen += 1;
        if (seen === readers) done();
      });
    }
    await delay(300);
    const start = performance.now();
    await server.send('/api/conversations/a', { title }, 'PATCH');
    await all;
    const took = performance.now() - start;
    hangUp.abort();
    return took;
  }

  const { ours, floor, ratio } = medians(
    await inTurn(
      5,
      () => spread(200),
      () => spread(1),
    ),
  );
  await server.stop();
  return {
    name: 'one event to 200 readers / to one',
    value: ms(ours),
    floor: ms(floor),
    ratio,
    target: '<= 50 ms',
    ok: ours <= 50,
  };
}

/** 10,000 events from the first, beside reading a file of as many bytes. */
export async function measureReplay(stage: Stage): Promise<Figure> {
  const data = join(stage.root, 'replay');
  await mkdir(data);
  const database = openDatabase(data);
  const journal = createJournal({
    database,
    keep: { bytes: 1e9, days: 30 },
    now: () => new Date(),
    onTrouble: console.error,
  });
  const at = new Date().toISOString();
  for (let n = 0; n < 10_000; n += 1) {
    // Two kinds in turn: neighbours of one kind would be merged.
    const type = n % 2 ? 'text.delta' : 'thinking.delta';
    journal.append([
      {
        type,
        conv_id: 'a',
        turn_id: 'turn',
        at,
        text: `piece ${n} of the text that is replayed to a reader `,
      },
    ]);
  }
  journal.flush();
  journal.dispose();
  database.dispose();
  const server = await stage.startServer({ SESSIONS_DIR: data });
  await (await server.send('/api/conversations', { id: 'a' })).text();
  let bytes = 0;
  const ours = async () => {
    const hangUp = new AbortController();
    const start = performance.now();
    const response = await server.get('/api/conversations/a/events?after=0', hangUp.signal);
    bytes = 0;
    let tail = '';
    let took = 0;
    await listen(response, (piece) => {
      bytes += piece.length;
      const text = tail + piece;
      tail = text.slice(-40);
      if (took || !text.includes('piece 9999 ')) return;
      took = performance.now() - start;
      hangUp.abort();
    });
    return took;
  };
  await ours();
  const file = join(stage.root, 'plain');
  await writeFile(file, 'x'.repeat(bytes));
  const pair = medians(await inTurn(7, ours, () => time(() => readFile(file))));
  await server.stop();
  return {
    ...{
      name: 'replay of 10,000 events / reading a file',
      value: ms(pair.ours),
      floor: ms(pair.floor),
      ratio: pair.ratio,
    },
    ...{ target: '<= 200 ms', ok: pair.ours <= 200 },
  };
}
