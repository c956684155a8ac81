import { expect } from 'vitest';
import { startTestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('turn.accept', 'accepts a message at once and lets its turn be waited for', async () => {
  const server = await startTestServer();
  const response = await server.post('/api/conversations/a/turns', {
    message: '[[first 300ms]][[text done]]',
  });
  expect(response.status).toBe(202);
  const { turn_id, state, conv_id } = (await response.json()) as {
    turn_id: string;
    state: string;
    conv_id: string;
  };
  expect(['queued', 'running']).toContain(state);
  expect(conv_id).toBe('a');
  const soon = await server.turn(turn_id, 0);
  expect(['queued', 'running']).toContain(soon.state);
  const turn = await server.turn(turn_id);
  expect(turn).toMatchObject({
    state: 'completed',
    error: null,
    result: { response: 'done', success: true },
  });
});

verifies('turn.cancel', 'withdraws a queued turn', async () => {
  const server = await startTestServer();
  const running = await server.accept('a', { message: '[[first 600ms]][[text one]]' });
  const queued = await server.accept('a', { message: 'never sent' });
  expect(await server.cancel(queued.turn_id)).toMatchObject({ state: 'cancelled' });
  expect(await server.turn(running.turn_id)).toMatchObject({ state: 'completed' });
  expect(await server.chat({ message: 'next', conv_id: 'a' })).toMatchObject({ success: true });
  expect(server.api.received.some(({ texts }) => texts.includes('never sent'))).toBe(false);
});

verifies(
  'turn.order',
  'runs the turns of a conversation and of a session one after the other',
  async () => {
    const server = await startTestServer();
    const first = await server.chat({ message: 'begin', conv_id: 'a' });
    await server.post('/api/conversations', { id: 'b', session_id: first.session_id });
    const sent = [];
    for (let i = 0; i < 3; i += 1) {
      sent.push(await server.accept('a', { message: `[[first 100ms]][[text a${i}]]` }));
      sent.push(await server.accept('b', { message: `[[first 100ms]][[text b${i}]]` }));
    }
    const turns = await Promise.all(sent.map(({ turn_id }) => server.turn(turn_id)));
    const spans = turns.map((turn) => [turn.started_at ?? '', turn.ended_at ?? '']).sort();
    for (const [index, [, end = '']] of spans.entries()) {
      const next = spans[index + 1]?.[0];
      if (next) expect(next >= end).toBe(true);
    }
    const { messages } = await server.messages('a');
    const said = messages
      .filter((message: { role: string }) => message.role === 'assistant')
      .map((message: { text: string }) => message.text);
    expect(said.filter((text: string) => text.startsWith('a'))).toEqual(['a0', 'a1', 'a2']);
    expect(said).toHaveLength(7);
  },
  90_000,
);

verifies('turn.parallel', 'runs different conversations side by side, up to the limit', async () => {
  const server = await startTestServer({ env: { MAX_CONCURRENT_TURNS: '2' } });
  const sent = await Promise.all(
    ['a', 'b', 'c'].map((id) => server.accept(id, { message: `[[hang]]${id}` })),
  );
  await Promise.all(['[[hang]]a', '[[hang]]b'].map((text) => server.api.waitFor(text)));
  expect(await server.get('/api/status')).toMatchObject({ turns: { running: 2, queued: 1 } });
  await server.cancel(sent[0].turn_id);
  await server.api.waitFor('[[hang]]c');
  await Promise.all(sent.map(({ turn_id }) => server.cancel(turn_id)));
});

verifies('turn.limit', 'refuses messages when the queue is full', async () => {
  const server = await startTestServer({ env: { MAX_QUEUED_TURNS: '1' } });
  await server.accept('a', { message: '[[hang]]' });
  await server.api.waitFor('[[hang]]');
  await server.accept('a', { message: 'waits' });
  const refused = await server.post('/api/conversations/a/turns', { message: 'too many' });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
});
