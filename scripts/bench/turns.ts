import { setTimeout as delay } from 'node:timers/promises';
import { compare, type Figure, inTurn, time } from './figure.ts';
import type { BenchServer, Stage } from './stage.ts';

const rounds = 15;
const json = ['--output-format', 'json'];
const stream = ['--output-format', 'stream-json', '--verbose', '--include-partial-messages'];
const slow = '[[slow 6 30ms]]';
let number = 0;
const newName = () => {
  number += 1;
  return `bench-${number}`;
};

/** Turns against the bare CLI, which does the same without a server. */
export async function measureTurns(stage: Stage, server: BenchServer): Promise<Figure[]> {
  async function chat(message = 'hello'): Promise<void> {
    const response = await server.chat({ message, conv_id: newName() });
    if (!response.ok) throw new Error(await response.text());
    await response.json();
  }

  async function firstToken(): Promise<number> {
    const start = performance.now();
    const response = await server.chat({ message: slow, conv_id: newName() }, 'text/plain');
    const reader = response.body?.getReader();
    await reader?.read();
    const took = performance.now() - start;
    while (!(await reader?.read())?.done);
    return took;
  }

  const blocking = await inTurn(
    rounds,
    () => quiet(() => time(() => chat())),
    () => quiet(() => time(() => stage.bare(json, 'hello'))),
  );
  const first = await inTurn(
    rounds,
    () => quiet(firstToken),
    () => quiet(() => time(() => stage.bare(stream, slow, (output) => output.includes('text_delta')))),
  );
  const eight = (work: () => Promise<void>) => time(() => Promise.all(Array.from({ length: 8 }, work)));
  const together = await inTurn(
    3,
    () => quiet(() => eight(() => chat())),
    () => quiet(() => eight(() => stage.bare(json, 'hello'))),
  );
  return [
    compare('blocking chat / bare claude -p', blocking, { most: 1, slackMs: 15 }),
    compare('first token streamed / bare stream-json', first, { most: 1.02 }),
    compare('8 conversations at once (of 16 allowed) / 8 bare CLIs', together, { most: 1 }),
  ];
}

/** What one round leaves running (a process that writes its last lines) is not to slow the next. */
async function quiet(measure: () => Promise<number>): Promise<number> {
  const took = await measure();
  await delay(400);
  return took;
}
