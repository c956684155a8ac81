import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Figure } from './figure.ts';
import { measureLive } from './live.ts';
import { measurePage } from './page.ts';
import { measureReaders, measureReplay } from './readers.ts';
import { measureHealth, measureList, measureMemory, measureStart, measureTail } from './service.ts';
import { measureSessions } from './sessions.ts';
import { openStage } from './stage.ts';
import { measureTurns } from './turns.ts';
import { measureUndo } from './undo.ts';

/** Compares the built server with what it is based on, in one run; prints a table and writes bench.json. */
const stage = await openStage();
const figures: Figure[] = [];
try {
  figures.push(await measureStart(stage), await measureMemory(stage), await measureList(stage));
  const server = await stage.startServer({ MAX_CONCURRENT_TURNS: '16' });
  figures.push(
    await measureTail(stage, server),
    ...(await measureTurns(stage, server)),
    await measureHealth(server),
    ...(await measurePage(stage, server)),
  );
  await server.stop();
  figures.push(
    ...(await measureLive(stage)),
    await measureReaders(stage),
    await measureReplay(stage),
    await measureUndo(stage),
    ...(await measureSessions(stage)),
  );
} finally {
  await stage.dispose();
}

const header = ['measured', 'ours', 'floor', 'ratio', 'target', ''];
const rows = figures.map(({ name, value, floor, ratio, target, ok }) => [
  name,
  value,
  floor,
  ratio?.toFixed(2) ?? '',
  target,
  ok ? 'ok' : 'NOT REACHED',
]);
const widths = header.map((_, column) =>
  Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
);
for (const row of [header, ...rows])
  console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
console.log(`Medians on ${availableParallelism()} cores, Node ${process.version}.`);
writeFileSync(
  'bench.json',
  `${JSON.stringify({ node: process.version, cores: availableParallelism(), figures }, null, 2)}\n`,
);
