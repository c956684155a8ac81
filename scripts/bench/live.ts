import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compare, type Figure, inTurn, medians, ms, time } from './figure.ts';
import type { BenchServer, Stage } from './stage.ts';

const rounds = 15;
const slow = '[[slow 6 30ms]]';
const result = '"type":"result"';

async function warm(server: BenchServer, id: string): Promise<void> {
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

/** From the request to its first word. */
async function firstToken(server: BenchServer, id: string): Promise<number> {
  const start = performance.now();
  const reader = (await server.chat({ message: slow, conv_id: id }, 'text/plain')).body?.getReader();
  await reader?.read();
  const took = performance.now() - start;
  while (!(await reader?.read())?.done);
  return took;
}

/** What one round leaves running is not to slow the next. */
async function rested(measure: () => Promise<number>): Promise<number> {
  const took = await measure();
  await delay(150);
  return took;
}

/** Turns on live processes beside bare processes that are kept open as well. */
export async function measureLive(stage: Stage): Promise<Figure[]> {
  const server = await stage.startServer({
    SESSIONS_DIR: join(stage.root, 'live'),
    LIVE_PROCESSES: '30',
    MAX_CONCURRENT_TURNS: '16',
  });
  const figures: Figure[] = [];
  await warm(server, 'one');
  const raw = await stage.raw();
  await chat(server, 'one');
  await raw.turn('hello', result);
  const first = await inTurn(
    rounds,
    () => rested(() => firstToken(server, 'one')),
    () =>
      rested(async () => {
        const took = await time(() => raw.turn(slow, 'text_delta'));
        await raw.rest();
        return took;
      }),
  );
  const whole = await inTurn(
    rounds,
    () => rested(() => time(() => chat(server, 'one'))),
    () => rested(() => time(() => raw.turn('hello', result))),
  );
  await raw.end();
  figures.push(compareGap('live turn to the first token / bare process', first, 1.25, 10));
  figures.push(compare('live turn, whole / bare process', whole, { most: 1.25 }));
  figures.push(
    await measurePrewarmed(stage, server),
    await measureMemory(server),
    ...(await measureEight(stage, server)),
  );
  await server.stop();
  return figures;
}

/** As `compare`, where besides the ratio the gap is limited. */
function compareGap(
  name: string,
  pairs: Awaited<ReturnType<typeof inTurn>>,
  most: number,
  gapMs: number,
): Figure {
  const { ours, floor, ratio } = medians(pairs);
  const ok = ratio <= most && ours - floor <= gapMs;
  return { name, value: ms(ours), floor: ms(floor), ratio, target: `<= ${most} x, gap <= ${gapMs} ms`, ok };
}

async function measurePrewarmed(stage: Stage, server: BenchServer): Promise<Figure> {
  let number = 0;
  const ours = async () => {
    number += 1;
    await warm(server, `fresh-${number}`);
    await delay(1000);
    return time(() => chat(server, `fresh-${number}`));
  };
  const floor = async () => {
    const raw = await stage.raw();
    await delay(1000);
    const took = await time(() => raw.turn('hello', result));
    await raw.end();
    return took;
  };
  return compare('first turn of a pre-warmed process / bare one', await inTurn(9, ours, floor), {
    most: 1.15,
  });
}

async function measureEight(stage: Stage, server: BenchServer): Promise<Figure[]> {
  const ids = Array.from({ length: 8 }, (_, index) => `eight-${index}`);
  for (const id of ids) {
    await warm(server, id);
    await chat(server, id);
  }
  const raws: Awaited<ReturnType<Stage['raw']>>[] = [];
  for (const _ of ids) {
    const raw = await stage.raw();
    await raw.turn('hello', result);
    raws.push(raw);
  }
  const ours = () => rested(() => time(() => Promise.all(ids.map((id) => chat(server, id)))));
  const floor = () => rested(() => time(() => Promise.all(raws.map((raw) => raw.turn('hello', result)))));
  const live = await inTurn(9, ours, floor);
  await Promise.all(raws.map((raw) => raw.end()));
  const bare = () =>
    rested(() => time(() => Promise.all(ids.map(() => stage.bare(['--output-format', 'json'], 'hello')))));
  return [
    compare('8 conversations at once, live / 8 bare processes', live, { most: 1.25 }),
    compare('8 conversations at once, live / 8 bare CLIs', await inTurn(3, ours, bare), { most: 0.15 }),
  ];
}

/** The server alone, with 100 conversations and 10 live processes. */
async function measureMemory(server: BenchServer): Promise<Figure> {
  for (let index = 0; index < 89; index += 1)
    await (await server.send('/api/conversations', { id: `rest-${index}` })).text();
  const { live } = (await (await server.get('/api/status')).json()) as { live: { open: number } };
  const { total } = (await (await server.get('/api/conversations')).json()) as { total: number };
  await delay(3000);
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  const mb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000;
  const name = `memory with ${total} conversations, ${live.open} live`;
  return {
    name,
    value: `${mb.toFixed(1)} MB`,
    floor: '',
    ratio: null,
    target: '<= 100 MB',
    ok: mb <= 100 && live.open >= 10,
  };
}
