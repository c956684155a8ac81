import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { packageRoot } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, testEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('demo.works', 'fills a few conversations, answers, and leaves nothing', async () => {
  const workspace = await createWorkspace();
  const args = ['--import', 'tsx', join(packageRoot, 'scripts', 'demo.ts')];
  const demo = spawn(process.execPath, args, {
    cwd: packageRoot,
    env: testEnv(workspace),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(demo, 'exit');
  onTestFinished(() => void demo.kill('SIGKILL'));
  let output = '';
  for (const stream of [demo.stdout, demo.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  await until('the demo', () => output.includes('The demo is ready'), 60_000);
  const url = /Open (\S+)/.exec(output)?.[1];
  const headers = {
    authorization: `Basic ${Buffer.from('demo:demo').toString('base64')}`,
    'content-type': 'application/json',
  };
  const list = await (await fetch(`${url}/api/conversations`, { headers })).json();
  expect(list.conversations.map((row: { id: string }) => row.id)).toEqual([
    'default',
    'ideas',
    'greeter',
    'translate',
    'greeting',
    'run-tests',
  ]);
  const { prompts } = await (await fetch(`${url}/api/prompts`, { headers })).json();
  expect(prompts.map(({ kind }: { kind: string }) => kind)).toEqual(['permission', 'question', 'plan']);
  expect(prompts[2].input.plan).toContain('by language');
  const answer = await fetch(`${url}/api/chat`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ message: 'Suggest a name' }),
  });
  expect((await answer.json()).response).toContain('Switchboard');
  const page = await (await fetch(`${url}/api/conversations/greeter/messages`, { headers })).json();
  expect(JSON.stringify(page)).toContain('Fixed');
  demo.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
});
