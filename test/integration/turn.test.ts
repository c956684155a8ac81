import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readUntil } from '../helper/event-reader.ts';
import { startClaudeServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { processesOf } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

/** A tool that runs longer than any test and ignores signals that ask it to end. */
const stubborn =
  '[[tool:Bash {"command":"trap \\"\\" TERM INT; touch started; while true; do read -t 1 x < <(:) ; done","description":"stubborn"}]]';

const allow = { permission_mode: 'dontAsk' };

verifies('turn.cancel', 'counts the cost of a session once, also over a turn without an answer', async () => {
  const server = await startClaudeServer();
  await server.chat({ message: 'one', conv_id: 'a' });
  await server.chat({ message: 'two', conv_id: 'a' });
  const { turn_id } = await server.accept('a', { message: '[[hang]]' });
  await server.api.waitFor('[[hang]]');
  await server.cancel(turn_id);
  const { cost } = await server.chat({ message: 'three', conv_id: 'a' });
  expect((await server.get('/api/conversations/a')).cost_usd).toBeCloseTo(cost, 10);
});

verifies('turn.cancel', 'ends tools that ignore every signal, also those that left the group', async () => {
  const server = await startClaudeServer({ env: { ALLOWED_TOOLS: 'Bash' } });
  const { turn_id } = await server.accept('a', { message: stubborn, ...allow });
  await until('the tool', () => existsSync(join(server.workspace.project, 'started')));
  const turn = await server.cancel(turn_id);
  expect(turn.state).toBe('cancelled');
  expect(await processesOf(server.workspace)).toEqual([]);
  expect((await server.chat({ message: 'after', conv_id: 'a' })).response).toBe('Echo: after');
});

verifies('turn.timeout', 'ends a turn that runs out of time with 504 and leaves no process', async () => {
  const server = await startClaudeServer({ env: { ALLOWED_TOOLS: 'Bash' } });
  const answer = await server.chat({ message: stubborn, timeout_s: 2, ...allow });
  expect(answer).toMatchObject({ code: 'turn_timed_out', status: 504 });
  expect(await processesOf(server.workspace)).toEqual([]);
  expect(await server.turn(answer.turn_id)).toMatchObject({ state: 'failed' });
  expect((await server.chat({ message: 'after' })).response).toBe('Echo: after');
});

verifies('turn.cancel', 'stops a turn while it streams, keeps its text, and continues', async () => {
  const server = await startClaudeServer();
  const stream = await server.post('/api/chat', { message: '[[slow 200 50ms]]', conv_id: 'a', stream: true });
  const events = await readUntil(
    stream,
    (event) => event.type === 'text.delta' && event.text.includes('word3'),
  );
  const turnId = (events[0] as { turn_id: string }).turn_id;
  const turn = await server.cancel(turnId);
  expect(turn).toMatchObject({ state: 'cancelled', error: { code: 'turn_cancelled' } });
  expect(turn.text).toContain('word2');
  expect(await processesOf(server.workspace)).toEqual([]);
  expect(await server.cancel(turnId)).toMatchObject({ state: 'cancelled' });
  const next = await server.chat({ message: 'go on', conv_id: 'a' });
  expect(next.response).toBe('Echo: go on');
  expect(JSON.stringify(await server.messages('a'))).toContain('word2');
});
