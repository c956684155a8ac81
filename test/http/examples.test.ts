import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { password, username } from '../helper/client.ts';
import { packageRoot, startTestServer, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { testEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const docs = join(packageRoot, 'docs');
const read = (name: string) => readFileSync(join(docs, name), 'utf8');

/** Runs an example of the documentation until the test ends; gives what it printed. */
function runExample(
  { url, workspace }: TestServer,
  command: string,
  args: string[],
): { child: ChildProcess; output(): string } {
  const env = testEnv(workspace, { SWITCHBOARD: url, SWITCHBOARD_AUTH: `${username}:${password}` });
  const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-(child.pid as number), 'SIGKILL');
    await once(child, 'exit');
  });
  return { child, output: () => output };
}

verifies('docs.examples', 'are in the documentation word for word', () => {
  expect(read('prompts.md')).toContain(read('examples/approve-tests.sh').trimEnd());
  expect(read('events.md')).toContain(read('examples/follow.mjs').trimEnd());
});

verifies('docs.examples', 'the script that approves tests allows those, and nothing else', async () => {
  const server = await startTestServer();
  const script = runExample(server, 'bash', [join(docs, 'examples', 'approve-tests.sh')]);
  const asking = { permission_mode: 'default' };
  const tests = await server.accept('a', { message: '[[tool:Bash npm test]][[text ran]]', ...asking });
  const other = await server.accept('b', {
    message: '[[tool:Bash npm test; touch made]][[text ran]]',
    ...asking,
  });
  expect((await server.end(tests.turn_id)).result, script.output()).toMatchObject({
    response: 'ran',
    permission_denials: [],
  });
  await until('its word', () => script.output().includes(`allowed in turn ${tests.turn_id}`));
  expect(await server.turn(other.turn_id)).toMatchObject({ state: 'waiting' });
  expect(existsSync(join(server.workspace.project, 'made'))).toBe(false);
  await server.cancel(other.turn_id);
});

verifies('docs.examples', 'the client prints each word once, whenever it comes', async () => {
  const server = await startTestServer();
  await server.chat({ message: '[[slow 6 20ms]]', conv_id: 'a' });
  const client = runExample(server, process.execPath, [join(docs, 'examples', 'follow.mjs'), 'a', '0']);
  const { turn_id } = await server.accept('a', { message: '[[slow 40 20ms]]', follow: true });
  await until('words', () => client.output().includes('word4 '));
  await server.end(turn_id);
  const words = Array.from({ length: 40 }, (_, n) => `word${n + 1}`).join(' ');
  await until('the end', () => client.output().includes('word40\n['));
  expect(client.output().split(words)).toHaveLength(2);
});
