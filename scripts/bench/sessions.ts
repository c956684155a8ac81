import { execFile, spawnSync } from 'node:child_process';
import { appendFile, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Indexing } from '../../contract/session.ts';
import { writeSessionLibrary } from '../../test/helper/session-library.ts';
import { type Figure, inTurn, median, medians, ms, time } from './figure.ts';
import type { BenchServer, Stage } from './stage.ts';

/** 2.3 GB: what a person has after some years. */
const sessions = 5000;
const turnsEach = 16;

/** Turns that are timed beside the index, and without it. */
const turns = 7;

const most = (
  name: string,
  value: string,
  target: string,
  ok: boolean,
  floor = '',
  ratio: number | null = null,
): Figure => ({
  name,
  value,
  floor,
  ratio,
  target,
  ok,
});

async function indexing(server: BenchServer): Promise<Indexing> {
  return ((await (await server.get('/api/hosts/local/sessions?limit=1')).json()) as { indexing: Indexing })
    .indexing;
}

/** Asks for /health all the while; gives the median of the answers in ms. */
async function healthUntil(server: BenchServer, isOver: () => Promise<boolean>): Promise<number> {
  const times: number[] = [];
  do {
    times.push(await time(async () => (await fetch(`${server.url}/health`)).text()));
    await delay(100);
  } while (!(await isOver()));
  return median(times);
}

/** Looks at each transcript, as a list without an index would have to at least. */
async function statAll(home: string): Promise<void> {
  const root = join(home, 'projects');
  for (const folder of await readdir(root)) {
    const names = await readdir(join(root, folder));
    await Promise.all(names.map((name) => stat(join(root, folder, name))));
  }
}

const exec = promisify(execFile);
const ripgrep = spawnSync('rg', ['--version']).status === 0;

/** Reads each transcript for a word, as a search without an index would have to: by ripgrep where that is there. */
async function readAll(home: string, word: string): Promise<void> {
  const root = join(home, 'projects');
  if (ripgrep) {
    await exec('rg', ['--count', '--fixed-strings', '--no-ignore', '--', word, root], {
      maxBuffer: 64_000_000,
    });
    return;
  }
  for (const folder of await readdir(root)) {
    for (const name of await readdir(join(root, folder)))
      (await readFile(join(root, folder, name))).includes(word);
  }
}

async function memoryOf(server: BenchServer): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000;
}

/** What a server has read so far, of whatever files (bytes). */
async function readBy(server: BenchServer): Promise<number> {
  return Number(/rchar: (\d+)/.exec(await readFile(`/proc/${server.pid}/io`, 'utf8'))?.[1]);
}

/** Times of turns one after the other, each in a conversation of its own (ms). */
async function turnTimes(
  server: BenchServer,
  name: string,
  isOver: (count: number) => boolean,
): Promise<number[]> {
  const times: number[] = [];
  while (!isOver(times.length)) {
    times.push(
      await time(async () =>
        (await server.chat({ message: 'hello', conv_id: `${name}-${times.length}` })).json(),
      ),
    );
    await delay(400);
  }
  return times;
}

/** What a library of 5,000 sessions costs: the first list, the index, lists, searches, growth, memory. */
export async function measureSessions(stage: Stage): Promise<Figure[]> {
  const home = join(stage.root, 'library');
  const projects = Array.from({ length: 40 }, (_, number) => join(stage.root, `project-${number}`));
  const { ids, bytes } = await writeSessionLibrary({ home, projects, sessions, turnsEach });
  const data = join(stage.root, 'library-data');
  const settings = { SESSIONS_DIR: data, CLAUDE_CONFIG_DIR: home };
  let server = await stage.startServer(settings);
  const quietUntil = performance.now() + 3000;
  const quiet = await healthUntil(server, async () => performance.now() > quietUntil);
  const turnsAlone = await turnTimes(server, 'alone', (count) => count > turns);
  const startedAt = performance.now();
  const cold = await time(async () => (await server.get('/api/hosts/local/sessions')).json());
  const turnsBeside = await turnTimes(server, 'beside', (count) => count > turns);
  const working = await memoryOf(server);
  const beside = await healthUntil(server, async () => (await indexing(server)).done);
  const seconds = (performance.now() - startedAt) / 1000;
  const speed = bytes / 1e6 / seconds;
  await server.stop();
  let size = 0;
  for (const name of await readdir(data))
    if (name.startsWith('library.db')) size += (await stat(join(data, name))).size;

  server = await stage.startServer(settings);
  await (await server.get('/api/hosts/local/sessions')).json();
  await delay(2000);
  const list = medians(
    await inTurn(
      15,
      () => time(async () => (await server.get('/api/hosts/local/sessions')).json()),
      () => time(() => statAll(home)),
    ),
  );
  const figures: Figure[] = [];
  for (const [what, q] of [
    ['a rare word', 'rareword77'],
    ['a phrase', '"scroll list"'],
    ['a common word', 'the'],
  ] as const) {
    const times: number[] = [];
    for (let round = 0; round < 9; round += 1)
      times.push(await time(async () => (await server.get(`/api/search?q=${encodeURIComponent(q)}`)).json()));
    const ours = median(times);
    const reading = await time(() => readAll(home, q.replaceAll('"', '')));
    figures.push(
      most(
        `search in 2.3 GB, ${what} / ${ripgrep ? 'ripgrep' : 'reading it'}`,
        ms(ours),
        '<= 50 ms',
        ours <= 50,
        ms(reading),
        ours / reading,
      ),
    );
  }
  const newest = String(ids.at(-1));
  const path = join(
    home,
    'projects',
    String(projects[(sessions - 1) % 40]).replaceAll(/[^A-Za-z0-9]/g, '-'),
    `${newest}.jsonl`,
  );
  const line = JSON.stringify({
    type: 'user',
    uuid: newest,
    sessionId: newest,
    message: { role: 'user', content: `grown ${'word '.repeat(20)}` },
  });
  const growBy = (size: number, word: string) =>
    appendFile(path, `${line.replace('grown', word)}\n`.repeat(Math.ceil(size / line.length)));
  const found = async (word: string) => {
    while (
      !((await (await server.get(`/api/search?q=${word}&limit=1`)).json()) as { hits: unknown[] }).hits.length
    )
      await delay(20);
  };
  // So large that it would be seen if all of it were read again.
  await growBy(100e6, 'filled');
  await found('filled');
  while (!(await indexing(server)).done) await delay(100);
  await delay(5000);
  const readBefore = await readBy(server);
  await growBy(10e6, 'grown');
  const growth = await time(() => found('grown'));
  await delay(3000);
  const read = (await readBy(server)) - readBefore;
  // At rest, as it is but for the moments in which a transcript grows.
  await delay(8000);
  const memory = await memoryOf(server);
  await server.stop();
  const besideRatio = median(turnsBeside) / median(turnsAlone);
  return [
    most('sessions, first page of 5,000 without an index', ms(cold), '<= 1000 ms', cold <= 1000),
    most(
      'sessions, a page of 5,000 / stat of the files',
      ms(list.ours),
      '<= 30 ms',
      list.ours <= 30,
      ms(list.floor),
      list.ratio,
    ),
    most('index, speed', `${speed.toFixed(1)} MB/s`, '>= 20 MB/s', speed >= 20),
    most('index, size', `${((size / bytes) * 100).toFixed(1)} %`, '<= 25 %', size <= bytes / 4),
    most(
      '/health beside the index / idle',
      ms(beside),
      '<= 1.5 x + 2 ms',
      beside <= quiet * 1.5 + 2,
      ms(quiet),
      beside / quiet,
    ),
    ...figures,
    most(
      'a turn beside the index / without it',
      ms(median(turnsBeside)),
      '<= 1.25 x',
      besideRatio <= 1.25,
      ms(median(turnsAlone)),
      besideRatio,
    ),
    most(
      'a transcript of 100 MB grows by 10 MB, read for that, index and all',
      `${(read / 1e6).toFixed(0)} MB`,
      '<= 100 MB',
      read <= 100e6,
    ),
    most('a transcript grows by 10 MB, found after', ms(growth), '<= 2000 ms', growth <= 2000),
    most('memory while 5,000 sessions are read', `${working.toFixed(1)} MB`, 'said only', true),
    most('memory with 5,000 sessions', `${memory.toFixed(1)} MB`, '<= 120 MB', memory <= 120),
  ];
}
