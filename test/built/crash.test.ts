import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startTestApi } from '../helper/server.ts';
import { startServerProcess } from '../helper/server-process.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, processesOf, serverEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';
import { killAtRandom } from './kill-at-random.ts';

/** `npm run soak` asks for 1,000. */
const kills = Number(process.env['SOAK_KILLS'] ?? 50);

verifies('crash.interrupted', 'shows what a turn had produced when the server was killed, and ends its processes', async () => {
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const env = serverEnv(workspace, api, { ALLOWED_TOOLS: 'Bash', PERMISSION_MODE: 'dontAsk' });
  const first = await startServerProcess(workspace, env);
  const tool = '{"command":"touch started; exec node -e \\"setTimeout(Number, 300000)\\"","description":"wait"}';
  const { turn_id } = await first.accept('a', { message: `[[text Looking at it.]][[tool:Bash ${tool}]][[text never]]` });
  const queued = await first.accept('a', { message: 'queued before the crash' });
  await until('the tool', () => existsSync(join(workspace.project, 'started')));
  await first.kill();
  expect((await processesOf(workspace)).length).toBeGreaterThan(0);
  const second = await startServerProcess(workspace, env);
  const next = await second.turn(queued.turn_id);
  expect(next).toMatchObject({ state: 'completed', result: { response: 'Echo: queued before the crash' } });
  const turn = await second.turn(turn_id);
  expect(turn).toMatchObject({ state: 'interrupted', error: { code: 'turn_interrupted', status: 502 } });
  expect(turn.text).toContain('Looking at it.');
  expect(next.started_at && turn.ended_at && next.started_at >= turn.ended_at).toBe(true);
  await until('the tool to be ended', async () => (await processesOf(workspace)).every((pid) => pid === second.child.pid));
  expect(api.received.filter(({ texts }) => texts.some((text) => text.includes('Looking at it'))).length).toBeLessThanOrEqual(2);
  const { messages } = await second.messages('a');
  expect(JSON.stringify(messages)).toContain('queued before the crash');
});

verifies(
  'crash.once',
  'runs each accepted message at most once however often the server is killed, and loses none',
  async () => {
    const report = await killAtRandom({ kills, seed: kills });
    expect(report.lost).toEqual([]);
    expect(report.twice).toEqual([]);
    expect(report.accepted).toBeGreaterThan(kills);
    expect(report.completed).toBeGreaterThan(0);
  },
  kills * 10_000,
);
