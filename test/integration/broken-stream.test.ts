import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import pino from 'pino';
import { expect, onTestFinished } from 'vitest';
import { startClaudeServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

/** The processes that are started from now on, while the test runs. */
function followChildren(): ChildProcessWithoutNullStreams[] {
  const children: ChildProcessWithoutNullStreams[] = [];
  const take = (message: unknown) => void children.push((message as { process: never }).process);
  subscribe('child_process', take);
  onTestFinished(() => void unsubscribe('child_process', take));
  return children;
}

const injected = () => new Error('injected');

/** The words of each fault in the error and the log. */
const says = /injected|"buf" argument/;

/** What can break between the server and a real process of the CLI. */
const faults: Record<string, (child: ChildProcessWithoutNullStreams) => void> = {
  // A chunk is never a number: the decoder throws.
  'a handler of its output throws': ({ stdout }) => void stdout.emit('data', 7),
  'its standard output breaks': ({ stdout }) => void stdout.destroy(injected()),
  'its standard error breaks': ({ stderr }) => void stderr.destroy(injected()),
  // Not destroyed: that of a one-shot run has ended by then, and a live process would exit.
  'its standard input breaks': ({ stdin }) => void stdin.emit('error', injected()),
};

verifies(
  'machine.contained',
  'a fault in a stream of a real agent fails that turn, is logged with its id, and leaves no process',
  async () => {
    const lines: { turn?: string; msg: string; err?: { message: string } }[] = [];
    const log = pino({ level: 'warn' }, { write: (line) => void lines.push(JSON.parse(line)) });
    const server = await startClaudeServer({ deps: { log }, env: { MAX_CONCURRENT_TURNS: '4' } });
    const children = followChildren();
    const running = () =>
      children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    for (const mode of ['acceptEdits', 'default']) {
      await server.post('/api/conversations', { id: mode, permission_mode: mode });
      for (const [name, inject] of Object.entries(faults)) {
        const what = `${mode}: ${name}`;
        children.splice(0, children.length, ...running());
        const before = new Set(children);
        const { turn_id } = await server.accept(mode, { message: `[[hang]] ${what}` });
        await server.api.waitFor(what);
        const agent = children.find((child) => child.spawnargs.includes('-p') && !before.has(child));
        // A live process is started once, and serves until it is ended.
        const child = agent ?? children.find(({ spawnargs }) => spawnargs.includes('--input-format'));
        const other = server.chat({ message: '[[slow 20 20ms]]', conv_id: 'other' });
        inject(child as ChildProcessWithoutNullStreams);
        expect(await server.end(turn_id), what).toMatchObject({
          state: 'failed',
          error: { code: 'agent_failed', detail: expect.stringMatching(says) },
        });
        expect(lines, what).toContainEqual(
          expect.objectContaining({
            msg: expect.stringContaining(turn_id),
            err: expect.objectContaining({ message: expect.stringMatching(says) }),
          }),
        );
        expect(await other, what).toMatchObject({ success: true });
        await until(`the end of the process (${what})`, () => !running().includes(child as never));
        expect(await server.chat({ message: 'next', conv_id: mode }), what).toMatchObject({
          response: 'Echo: next',
        });
      }
    }
  },
);
