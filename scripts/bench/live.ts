import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  compareWithFloor,
  type Figure,
  formatMs,
  limitFigure,
  measureInTurn,
  measureTime,
  type Pairs,
  settleAfter,
  summarizePairs,
} from './figure.ts';
import type { BenchServer } from './server.ts';
import type { Stage } from './stage.ts';

const rounds = 15;
const slow = '[[slow 6 30ms]]';
const result = '"type":"result"';

const measureSettled = (measure: () => Promise<number>) => settleAfter(150, measure);

async function warmConversation(server: BenchServer, id: string): Promise<void> {
  await (await server.send('/api/conversations', { id })).text();
  const { live } = (await (await server.send(`/api/conversations/${id}/warm`, {})).json()) as {
    live: boolean;
  };
  if (!live) throw new Error(`${id} has no live process`);
}

async function chat(server: BenchServer, id: string, message = 'hello'): Promise<void> {
  const response = await server.chat({ message, conv_id: id });
  if (!response.ok) throw new Error(await response.text());
  await response.json();
}

/** The time from the request to its first word. */
async function timeFirstToken(server: BenchServer, id: string): Promise<number> {
  const start = performance.now();
  const reader = (await server.chat({ message: slow, conv_id: id }, 'text/plain')).body?.getReader();
  await reader?.read();
  const duration = performance.now() - start;
  while (!(await reader?.read())?.done);
  return duration;
}

/** Turns on live processes, compared with bare processes that are kept open too. */
export async function measureLive(stage: Stage): Promise<Figure[]> {
  const server = await stage.startServer({
    SESSIONS_DIR: join(stage.root, 'live'),
    LIVE_PROCESSES: '30',
    MAX_CONCURRENT_TURNS: '16',
  });
  const figures: Figure[] = [];
  await warmConversation(server, 'one');
  const bare = await stage.openBareProcess();
  await chat(server, 'one');
  await bare.runTurn('hello', result);
  const first = await measureInTurn(
    rounds,
    () => measureSettled(() => timeFirstToken(server, 'one')),
    () =>
      measureSettled(async () => {
        const duration = await measureTime(() => bare.runTurn(slow, 'text_delta'));
        await bare.waitUntilIdle();
        return duration;
      }),
  );
  const whole = await measureInTurn(
    rounds,
    () => measureSettled(() => measureTime(() => chat(server, 'one'))),
    () => measureSettled(() => measureTime(() => bare.runTurn('hello', result))),
  );
  await bare.close();
  figures.push(compareGap('live turn to the first token / bare process', first, 1.25, 10));
  figures.push(compareWithFloor('live turn, whole / bare process', whole, { maxRatio: 1.25 }));
  figures.push(
    await measurePrewarmed(stage, server),
    await measureMemory(server),
    ...(await measureEight(stage, server)),
  );
  await server.stop();
  return figures;
}

/** Like `compareWithFloor`, with a limit for the gap as well. */
function compareGap(name: string, pairs: Pairs, maxRatio: number, gapMs: number): Figure {
  const { ours, floor, ratio } = summarizePairs(pairs);
  const ok = ratio <= maxRatio && ours - floor <= gapMs;
  return {
    name,
    value: formatMs(ours),
    floor: formatMs(floor),
    ratio,
    target: `<= ${maxRatio} x, gap <= ${gapMs} ms`,
    ok,
  };
}

async function measurePrewarmed(stage: Stage, server: BenchServer): Promise<Figure> {
  let count = 0;
  const ours = async () => {
    count += 1;
    await warmConversation(server, `fresh-${count}`);
    await delay(1000);
    return measureTime(() => chat(server, `fresh-${count}`));
  };
  const floor = async () => {
    const bare = await stage.openBareProcess();
    await delay(1000);
    const duration = await measureTime(() => bare.runTurn('hello', result));
    await bare.close();
    return duration;
  };
  return compareWithFloor(
    'first turn of a pre-warmed process / bare one',
    await measureInTurn(9, ours, floor),
    {
      maxRatio: 1.15,
    },
  );
}

async function measureEight(stage: Stage, server: BenchServer): Promise<Figure[]> {
  const ids = Array.from({ length: 8 }, (_, index) => `eight-${index}`);
  for (const id of ids) {
    await warmConversation(server, id);
    await chat(server, id);
  }
  const processes: Awaited<ReturnType<Stage['openBareProcess']>>[] = [];
  for (const _ of ids) {
    const bare = await stage.openBareProcess();
    await bare.runTurn('hello', result);
    processes.push(bare);
  }
  const ours = () => measureSettled(() => measureTime(() => Promise.all(ids.map((id) => chat(server, id)))));
  const floor = () =>
    measureSettled(() =>
      measureTime(() => Promise.all(processes.map((bare) => bare.runTurn('hello', result)))),
    );
  const live = await measureInTurn(9, ours, floor);
  await Promise.all(processes.map((bare) => bare.close()));
  const cold = () =>
    measureSettled(() =>
      measureTime(() =>
        Promise.all(ids.map(() => stage.runBareClaude(['--output-format', 'json'], 'hello'))),
      ),
    );
  return [
    compareWithFloor('8 conversations at once, live / 8 bare processes', live, { maxRatio: 1.25 }),
    compareWithFloor('8 conversations at once, live / 8 bare CLIs', await measureInTurn(3, ours, cold), {
      maxRatio: 0.15,
    }),
  ];
}

/** The memory of the server process, with 100 conversations and 10 live processes. */
async function measureMemory(server: BenchServer): Promise<Figure> {
  for (let index = 0; index < 89; index += 1)
    await (await server.send('/api/conversations', { id: `rest-${index}` })).text();
  const { live } = (await (await server.get('/api/status')).json()) as { live: { open: number } };
  const { total } = (await (await server.get('/api/conversations')).json()) as { total: number };
  await delay(3000);
  const mb = await server.readMemoryMb();
  const name = `memory with ${total} conversations, ${live.open} live`;
  return limitFigure(name, `${mb.toFixed(1)} MB`, '<= 100 MB', mb <= 100 && live.open >= 10);
}
