import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writeSessionLibrary } from '../../test/helper/session-library.ts';
import {
  type Figure,
  formatMs,
  limitFigure,
  measureInTurn,
  measureTime,
  median,
  summarizePairs,
} from './figure.ts';
import { readIndexing } from './indexing.ts';
import type { BenchServer } from './server.ts';
import type { Stage } from './stage.ts';
import { measureGrowth } from './transcript-growth.ts';
import { hasRipgrep, readAllTranscripts, statAllTranscripts } from './transcript-scan.ts';

/** 2.3 GB: what a person has after some years. */
const sessionCount = 5000;
const turnsPerSession = 16;

/** Turns that are timed while the index is built, and without it. */
const timedTurns = 7;

const queries = [
  ['a rare word', 'rareword77'],
  ['a phrase', '"scroll list"'],
  ['a common word', 'the'],
] as const;

const listSessions = async (server: BenchServer) =>
  (await server.get('/api/hosts/local/sessions')).json() as Promise<unknown>;

/** Requests /health until `isOver`; returns the median time in ms. */
async function timeHealthUntil(server: BenchServer, isOver: () => Promise<boolean>): Promise<number> {
  const times: number[] = [];
  do {
    times.push(await measureTime(async () => (await fetch(`${server.url}/health`)).text()));
    await delay(100);
  } while (!(await isOver()));
  return median(times);
}

/** The median time of turns that run one after the other, each in a new conversation (ms). */
async function timeTurns(server: BenchServer, prefix: string): Promise<number> {
  const times: number[] = [];
  while (times.length <= timedTurns) {
    const body = { message: 'hello', conv_id: `${prefix}-${times.length}` };
    times.push(await measureTime(async () => (await server.chat(body)).json()));
    await delay(400);
  }
  return median(times);
}

/**
 * Builds the index while turns run: the first list, speed, size, and what it costs the rest of the server.
 */
async function measureIndexing(
  stage: Stage,
  settings: { SESSIONS_DIR: string; CLAUDE_CONFIG_DIR: string },
  bytes: number,
): Promise<Figure[]> {
  const server = await stage.startServer(settings);
  const quietUntil = performance.now() + 3000;
  const quiet = await timeHealthUntil(server, async () => performance.now() > quietUntil);
  const turnsAlone = await timeTurns(server, 'alone');
  const startedAt = performance.now();
  const cold = await measureTime(() => listSessions(server));
  const turnsBeside = await timeTurns(server, 'beside');
  const memory = await server.readMemoryMb();
  const beside = await timeHealthUntil(server, async () => (await readIndexing(server)).done);
  const speed = bytes / 1e6 / ((performance.now() - startedAt) / 1000);
  await server.stop();
  const size = await indexSize(settings.SESSIONS_DIR);
  const turnRatio = turnsBeside / turnsAlone;
  return [
    limitFigure('sessions, first page of 5,000 without an index', formatMs(cold), '<= 1000 ms', cold <= 1000),
    limitFigure('index, speed', `${speed.toFixed(1)} MB/s`, '>= 20 MB/s', speed >= 20),
    limitFigure('index, size', `${((size / bytes) * 100).toFixed(1)} %`, '<= 25 %', size <= bytes / 4),
    limitFigure(
      '/health beside the index / idle',
      formatMs(beside),
      '<= 1.5 x + 2 ms',
      beside <= quiet * 1.5 + 2,
      {
        floor: formatMs(quiet),
        ratio: beside / quiet,
      },
    ),
    limitFigure(
      'a turn beside the index / without it',
      formatMs(turnsBeside),
      '<= 1.25 x',
      turnRatio <= 1.25,
      {
        floor: formatMs(turnsAlone),
        ratio: turnRatio,
      },
    ),
    limitFigure('memory while 5,000 sessions are read', `${memory.toFixed(1)} MB`, 'reported only', true),
  ];
}

async function indexSize(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('library.db'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A page of the list, compared with a stat of each transcript. */
async function measureList(server: BenchServer, home: string): Promise<Figure> {
  const pairs = await measureInTurn(
    15,
    () => measureTime(() => listSessions(server)),
    () => measureTime(() => statAllTranscripts(home)),
  );
  const { ours, floor, ratio } = summarizePairs(pairs);
  return limitFigure(
    'sessions, a page of 5,000 / stat of the files',
    formatMs(ours),
    '<= 30 ms',
    ours <= 30,
    {
      floor: formatMs(floor),
      ratio,
    },
  );
}

/** A search, compared with one pass over all transcripts. */
async function measureSearch(
  server: BenchServer,
  home: string,
  [name, query]: readonly [string, string],
): Promise<Figure> {
  const times: number[] = [];
  for (let round = 0; round < 9; round += 1)
    times.push(
      await measureTime(async () => (await server.get(`/api/search?q=${encodeURIComponent(query)}`)).json()),
    );
  const ours = median(times);
  const floor = await measureTime(() => readAllTranscripts(home, query.replaceAll('"', '')));
  const reader = hasRipgrep ? 'ripgrep' : 'reading it';
  return limitFigure(`search in 2.3 GB, ${name} / ${reader}`, formatMs(ours), '<= 50 ms', ours <= 50, {
    floor: formatMs(floor),
    ratio: ours / floor,
  });
}

/** What a library of 5,000 sessions costs: the first list, the index, lists, searches, growth, memory. */
export async function measureSessions(stage: Stage): Promise<Figure[]> {
  const home = join(stage.root, 'library');
  const projects = Array.from({ length: 40 }, (_, number) => join(stage.root, `project-${number}`));
  const { ids, bytes } = await writeSessionLibrary({
    home,
    projects,
    sessions: sessionCount,
    turnsEach: turnsPerSession,
  });
  const settings = { SESSIONS_DIR: join(stage.root, 'library-data'), CLAUDE_CONFIG_DIR: home };
  const figures = await measureIndexing(stage, settings, bytes);
  const server = await stage.startServer(settings);
  await listSessions(server);
  await delay(2000);
  figures.push(await measureList(server, home));
  for (const query of queries) figures.push(await measureSearch(server, home, query));
  const project = String(projects[(sessionCount - 1) % projects.length]);
  figures.push(...(await measureGrowth(server, { home, project, sessionId: String(ids.at(-1)) })));
  // The server at rest, without a transcript that grows.
  await delay(8000);
  const memory = await server.readMemoryMb();
  await server.stop();
  figures.push(
    limitFigure('memory with 5,000 sessions', `${memory.toFixed(1)} MB`, '<= 120 MB', memory <= 120),
  );
  return figures;
}
