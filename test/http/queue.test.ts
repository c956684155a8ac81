import { expect } from 'vitest';
import { startTestServer, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const slowTool = '[[tool:Bash node -e "setTimeout(Number, 1200)"]]';
const env = { ALLOWED_TOOLS: 'Bash,Agent,Task' };

async function warmed(server: TestServer, id = 'a'): Promise<void> {
  await server.post('/api/conversations', { id });
  await server.post(`/api/conversations/${id}/warm`, {});
}

const queueOf = async (server: TestServer, id = 'a') =>
  (await server.get(`/api/conversations/${id}`)).queue.map(({ message }: { message: string }) => message);

verifies(
  'queue.manage',
  'changes, withdraws and promotes queued messages, repeatedly, and across a restart',
  async () => {
    const server = await startTestServer();
    const running = await server.accept('a', { message: '[[hang]]' });
    await server.api.waitFor('[[hang]]');
    const [one, two, three] = [
      await server.accept('a', { message: 'one' }),
      await server.accept('a', { message: 'two' }),
      await server.accept('a', { message: 'three' }),
    ];
    for (let i = 0; i < 2; i += 1) {
      expect((await server.patch(`/api/turns/${two.turn_id}`, { message: 'two, changed' })).status).toBe(200);
      expect((await server.post(`/api/turns/${three.turn_id}/promote`, {})).status).toBe(200);
      expect((await server.remove(`/api/turns/${one.turn_id}`)).status).toBe(200);
      expect(await queueOf(server)).toEqual(['three', 'two, changed']);
    }
    expect((await server.patch(`/api/turns/${two.turn_id}`, { message: ' ' })).status).toBe(400);
    expect((await server.patch(`/api/turns/${two.turn_id}`, { mesage: 'x' })).status).toBe(400);
    const refused = await server.patch(`/api/turns/${running.turn_id}`, { message: 'late' });
    expect([refused.status, (await refused.json()).code]).toEqual([409, 'turn_not_queued']);
    expect((await server.remove(`/api/turns/${running.turn_id}`)).status).toBe(409);
    const again = await server.restart();
    const ends = await Promise.all([three, two].map(({ turn_id }) => again.end(turn_id)));
    expect(ends.map(({ result }) => result?.response)).toEqual(['Echo: three', 'Echo: two, changed']);
    expect((ends[0]?.ended_at ?? '') <= (ends[1]?.started_at ?? '')).toBe(true);
    expect(server.api.received.some(({ texts }) => texts.includes('one'))).toBe(false);
  },
);

verifies('queue.steer', 'gives a message to the running turn while its tool runs', async () => {
  const server = await startTestServer({ env });
  await warmed(server);
  const main = await server.accept('a', { message: `${slowTool}[[text final]]` });
  await until('the tool', async () => (await server.get('/api/conversations/a')).turn?.tools.length === 1);
  const headers = { 'idempotency-key': 'steer-1' };
  const steered = await server.accept('a', { message: 'and mind the tests', steer: true }, headers);
  expect(await server.accept('a', { message: 'and mind the tests', steer: true }, headers)).toMatchObject({
    turn_id: steered.turn_id,
  });
  expect(await server.get('/api/conversations/a')).toMatchObject({
    turn: { turn_id: main.turn_id },
    steered: [{ turn_id: steered.turn_id, steers: main.turn_id, state: 'running' }],
    queue: [],
  });
  const [end, other] = await Promise.all([server.end(main.turn_id), server.end(steered.turn_id)]);
  expect(end.result?.response).toBe('final');
  expect(other).toMatchObject({ state: 'completed', steers: main.turn_id, result: { response: 'final' } });
  const request = server.api.received.at(-1);
  expect(JSON.stringify(request?.body)).toContain('and mind the tests');
  const { cost_usd } = await server.get('/api/conversations/a');
  expect(cost_usd).toBeCloseTo(end.result?.cost ?? 0, 10);
  expect(JSON.stringify(await server.messages('a'))).toContain('and mind the tests');
});

verifies(
  'queue.steer',
  'delivers it while only sub-agents run, and runs it next if nothing accepted it',
  async () => {
    const server = await startTestServer({ env });
    await warmed(server);
    const main = await server.accept('a', {
      message: `[[agent general-purpose {{tool:Bash node -e "setTimeout(Number, 1500)"}}{{text report}}]][[text launched]]`,
    });
    await until('only the sub-agent', async () =>
      (await server.get('/api/conversations/a')).turn?.text.includes('launched'),
    );
    const steered = await server.accept('a', { message: 'how far?', steer: true });
    expect((await server.end(steered.turn_id)).result?.response).toBe('Echo: how far?');
    expect((await server.turn(main.turn_id, 0)).state).toBe('running');
    expect((await server.end(main.turn_id)).state).toBe('completed');

    const talking = await server.accept('a', { message: '[[slow 12 50ms]]' });
    await until('words', async () => (await server.turn(talking.turn_id, 0)).text.includes('word2'));
    const late = await server.accept('a', { message: 'too late for a step', steer: true });
    expect((await server.end(talking.turn_id)).result?.response).toContain('word12');
    expect((await server.end(late.turn_id)).result?.response).toBe('Echo: too late for a step');
  },
);

verifies(
  'queue.steer',
  'withdraws a message that was delivered but not started, without harm to the running turn',
  async () => {
    const server = await startTestServer({ env });
    await warmed(server);
    const main = await server.accept('a', { message: `${slowTool}[[text final]]` });
    await until('the tool', async () => (await server.get('/api/conversations/a')).turn?.tools.length === 1);
    const steered = await server.accept('a', { message: 'never mind', steer: true });
    expect(await server.cancel(steered.turn_id)).toMatchObject({ state: 'cancelled', steers: main.turn_id });
    expect((await server.end(main.turn_id)).result?.response).toBe('final');
    expect(JSON.stringify(server.api.received.at(-1)?.body)).not.toContain('never mind');
  },
);

verifies('queue.steer', 'runs next if the running turn cannot be steered', async () => {
  const server = await startTestServer();
  await server.accept('a', { message: '[[first 500ms]][[text one]]' });
  const second = await server.accept('a', { message: 'second' });
  const steered = await server.accept('a', { message: 'first of all', steer: true });
  const [a, b] = await Promise.all([server.end(steered.turn_id), server.end(second.turn_id)]);
  expect((a.ended_at ?? '') <= (b.started_at ?? '')).toBe(true);
  expect(a).toMatchObject({ state: 'completed', steers: null });
});

verifies('queue.interrupt', 'stops the running turn and goes next', async () => {
  const server = await startTestServer();
  await warmed(server);
  const running = await server.accept('a', { message: '[[slow 300 20ms]]' });
  const waiting = await server.accept('a', { message: 'waits' });
  await until('words', async () => (await server.turn(running.turn_id, 0)).text.includes('word2'));
  const urgent = await server.accept('a', { message: 'urgent', interrupt: true });
  expect((await server.end(running.turn_id)).state).toBe('cancelled');
  const [first, second] = await Promise.all([server.end(urgent.turn_id), server.end(waiting.turn_id)]);
  expect([first.result?.response, second.result?.response]).toEqual(['Echo: urgent', 'Echo: waits']);
  expect((first.ended_at ?? '') <= (second.started_at ?? '')).toBe(true);
});

verifies('queue.pause', 'pauses the queue after a cancel until the next message', async () => {
  const server = await startTestServer({ env: { PAUSE_QUEUE_ON_CANCEL: 'true' } });
  const running = await server.accept('a', { message: '[[hang]]' });
  await server.api.waitFor('[[hang]]');
  const waiting = await server.accept('a', { message: 'waits' });
  await server.cancel(running.turn_id);
  expect(await server.get('/api/conversations/a')).toMatchObject({ queue_paused: true, state: 'queued' });
  const next = await server.accept('a', { message: 'go on' });
  expect((await server.end(next.turn_id)).state).toBe('completed');
  expect((await server.end(waiting.turn_id)).state).toBe('completed');
  expect((await server.get('/api/conversations/a')).queue_paused).toBe(false);
});
