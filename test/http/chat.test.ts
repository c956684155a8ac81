import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readEventStream, readPieces, readUntil } from '../helper/event-reader.ts';
import { startTestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('chat.json', "answers a message with Claude's answer, in one session", async () => {
  const server = await startTestServer();
  const answer = await server.chat({ message: 'hello' });
  expect(answer).toMatchObject({
    response: 'Echo: hello',
    conv_id: 'default',
    turns: 1,
    success: true,
    error: null,
    permission_denials: [],
  });
  expect(answer.cost).toBeGreaterThan(0);
  expect(answer.usage.output_tokens).toBe(12);
  const second = await server.chat({ message: 'again' });
  expect(second.session_id).toBe(answer.session_id);
  const { messages } = await server.messages('default');
  expect(messages.map((message: { text: string }) => message.text)).toEqual([
    'hello',
    'Echo: hello',
    'again',
    'Echo: again',
  ]);
});

verifies('chat.events', 'streams the events of a turn and ends with the answer', async () => {
  const server = await startTestServer();
  const message = '[[think Hmm]][[text Let me look.]][[tool:Bash ls]][[slow 4 20ms]]';
  const response = await server.post('/api/chat', { message }, { accept: 'text/event-stream' });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events = await readUntil(
    response,
    (event) => event.type.startsWith('turn.') && !['turn.queued', 'turn.started'].includes(event.type),
  );
  const types = events.map((event) => event.type);
  expect(types.slice(0, 2)).toEqual(['turn.queued', 'turn.started']);
  for (const type of [
    'thinking.delta',
    'text.delta',
    'message',
    'tool.started',
    'tool.finished',
    'usage',
  ] as const)
    expect(types).toContain(type);
  const last = events.at(-1);
  expect(last).toMatchObject({
    type: 'turn.completed',
    response: 'word1 word2 word3 word4',
    success: true,
    conv_id: 'default',
  });
  const ids = events.map((event) => event.id);
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  const text = events.filter((event) => event.type === 'text.delta').map((event) => event.text);
  expect(text.join('')).toBe('Let me look.word1 word2 word3 word4');
  const byBody = await server.post('/api/chat', { message: 'by body', stream: true });
  expect((await readUntil(byBody, (event) => event.type === 'turn.completed')).at(-1)).toMatchObject({
    response: 'Echo: by body',
  });
});

verifies('chat.text', 'streams the bare text while it is written', async () => {
  const server = await startTestServer();
  const response = await server.post('/api/chat', { message: '[[slow 5 40ms]]' }, { accept: 'text/plain' });
  expect(response.status).toBe(200);
  const pieces: string[] = [];
  for await (const piece of readPieces(response)) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.join('')).toBe('word1 word2 word3 word4 word5');
  const dropped = await server.post(
    '/api/chat',
    { message: '[[drop x1]][[slow 6 10ms]]' },
    { accept: 'text/plain' },
  );
  expect(await dropped.text()).toContain('word1 word2 word3 word4 word5 word6');
});

verifies(['chat.text', 'chat.failed'], 'answers a failed turn with its error in every format', async () => {
  const server = await startTestServer();
  const body = { message: '[[error 404]]' };
  const plain = await server.post('/api/chat', body, { accept: 'text/plain' });
  expect(plain.status).toBe(502);
  expect(await plain.json()).toMatchObject({ code: 'model_unavailable', success: false });
  const json = await server.post('/api/chat', body);
  expect(json.status).toBe(502);
  expect(json.headers.get('content-type')).toContain('application/problem+json');
  const stream = await server.post('/api/chat', body, { accept: 'text/event-stream' });
  const events = await readUntil(stream, (event) => event.type === 'turn.failed');
  expect(events.at(-1)).toMatchObject({ type: 'turn.failed', code: 'model_unavailable', status: 502 });
});

verifies('chat.compat', 'serves clients of the original API', async () => {
  const server = await startTestServer();
  const answer = await server.chat({ message: 'hello', session_id: null, conv_id: null });
  expect(Object.keys(answer)).toEqual(
    expect.arrayContaining(['response', 'session_id', 'cost', 'turns', 'success', 'error']),
  );
  const sessions = await server.get('/api/sessions');
  expect(sessions.default).toMatchObject({
    session_id: answer.session_id,
    turn_count: 1,
    last_message: 'hello',
  });
  const reset = await server.post('/api/reset?conv_id=default', undefined);
  expect(await reset.json()).toEqual({ message: 'Conversation reset successfully', conv_id: 'default' });
  expect((await server.post('/api/reset?conv_id=nobody', undefined)).status).toBe(404);
  const fresh = await server.chat({ message: 'anew' });
  expect(fresh.session_id).not.toBe(answer.session_id);
  const back = await server.chat({ message: 'back', session_id: answer.session_id });
  expect(back.session_id).toBe(answer.session_id);
});

verifies('chat.session', 'continues a session by its id, in its own folder only', async () => {
  const server = await startTestServer();
  const other = join(server.workspace.root, 'other');
  await mkdir(other);
  const first = await server.chat({ message: 'in the other folder', conv_id: 'a', project: other });
  const second = await server.chat({
    message: '[[tool:Bash pwd]][[text done]]',
    conv_id: 'b',
    session_id: first.session_id,
  });
  expect(second.session_id).toBe(first.session_id);
  const { messages } = await server.messages('b');
  const tool = messages
    .flatMap((message: { parts: { type: string; output: string }[] }) => message.parts)
    .find((part: { type: string }) => part.type === 'tool');
  expect(tool.output).toBe(realpathSync(other));
  const wrong = await server.chat({
    message: 'x',
    conv_id: 'c',
    session_id: first.session_id,
    project: server.workspace.project,
  });
  expect(wrong).toMatchObject({ code: 'project_mismatch', status: 409 });
  const unknown = await server.chat({
    message: 'x',
    conv_id: 'c',
    session_id: '11111111-1111-4111-8111-111111111111',
  });
  expect(unknown).toMatchObject({ code: 'session_not_found', status: 404 });
});

verifies('chat.hangup', 'continues a turn whose caller hangs up', async () => {
  const server = await startTestServer();
  const controller = new AbortController();
  const call = server.post('/api/chat', { message: '[[slow 20 30ms]]', conv_id: 'a' }, {}, controller.signal);
  const ended = expect(call).rejects.toThrow();
  await server.api.waitFor('slow 20');
  controller.abort();
  await ended;
  const streamed = await server.post('/api/chat', {
    message: '[[slow 21 30ms]]',
    conv_id: 'b',
    stream: true,
  });
  for await (const event of readEventStream(streamed)) if (event.type === 'text.delta') break;
  for (const [id, last] of [
    ['a', 'word20'],
    ['b', 'word21'],
  ] as const) {
    await until(`the turn of ${id}`, async () => (await server.get(`/api/conversations/${id}`)).last_turn);
    const { messages } = await server.messages(id);
    expect(messages.at(-1).text.endsWith(last)).toBe(true);
  }
});

verifies(
  'chat.idempotent',
  'returns one turn for one key, also to two callers at once and after a restart',
  async () => {
    const server = await startTestServer();
    const key = { 'idempotency-key': 'key-1' };
    const body = { message: 'only once', conv_id: 'a' };
    const [first, second] = await Promise.all([server.chat(body, key), server.chat(body, key)]);
    expect(second.turn_id).toBe(first.turn_id);
    const again = await server.restart();
    expect(await again.chat(body, key)).toEqual(first);
    expect(server.api.received.filter(({ texts }) => texts.includes('only once'))).toHaveLength(1);
    expect(await again.chat({ ...body, message: 'another' }, key)).toMatchObject({
      code: 'idempotency_mismatch',
      status: 422,
    });
    await again.remove('/api/conversations/a');
    expect(await again.chat(body, key)).toMatchObject({ code: 'conversation_not_found', status: 404 });
    expect(server.api.received.filter(({ texts }) => texts.includes('only once'))).toHaveLength(1);
    expect(await (await again.post('/api/conversations', { id: 'a' })).json()).toMatchObject({
      last_turn: null,
    });
  },
);
