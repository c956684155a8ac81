import { compareWithFloor, type Figure, measureInTurn, measureTime, settleAfter } from './figure.ts';
import type { BenchServer } from './server.ts';
import type { Stage } from './stage.ts';

const rounds = 15;
const json = ['--output-format', 'json'];
const stream = ['--output-format', 'stream-json', '--verbose', '--include-partial-messages'];
const slow = '[[slow 6 30ms]]';

/** A process of the CLI writes its last lines after its answer. */
const measureQuiet = (measure: () => Promise<number>) => settleAfter(400, measure);

/** Turns of the server, compared with the bare CLI. */
export async function measureTurns(stage: Stage, server: BenchServer): Promise<Figure[]> {
  let count = 0;
  const newConversation = () => {
    count += 1;
    return `bench-${count}`;
  };

  async function chat(message = 'hello'): Promise<void> {
    const response = await server.chat({ message, conv_id: newConversation() });
    if (!response.ok) throw new Error(await response.text());
    await response.json();
  }

  async function timeFirstToken(): Promise<number> {
    const start = performance.now();
    const response = await server.chat({ message: slow, conv_id: newConversation() }, 'text/plain');
    const reader = response.body?.getReader();
    await reader?.read();
    const duration = performance.now() - start;
    while (!(await reader?.read())?.done);
    return duration;
  }

  const blocking = await measureInTurn(
    rounds,
    () => measureQuiet(() => measureTime(() => chat())),
    () => measureQuiet(() => measureTime(() => stage.runBareClaude(json, 'hello'))),
  );
  const first = await measureInTurn(
    rounds,
    () => measureQuiet(timeFirstToken),
    () =>
      measureQuiet(() =>
        measureTime(() => stage.runBareClaude(stream, slow, (output) => output.includes('text_delta'))),
      ),
  );
  const timeEight = (work: () => Promise<void>) =>
    measureTime(() => Promise.all(Array.from({ length: 8 }, work)));
  const together = await measureInTurn(
    3,
    () => measureQuiet(() => timeEight(() => chat())),
    () => measureQuiet(() => timeEight(() => stage.runBareClaude(json, 'hello'))),
  );
  return [
    compareWithFloor('blocking chat / bare claude -p', blocking, { maxRatio: 1, slackMs: 15 }),
    compareWithFloor('first token streamed / bare stream-json', first, { maxRatio: 1.02 }),
    compareWithFloor('8 conversations at once (of 16 allowed) / 8 bare CLIs', together, { maxRatio: 1 }),
  ];
}
