import { expect } from 'vitest';
import { readEventStream } from '../helper/event-reader.ts';
import { startTestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('conversations.manage', 'creates, lists, reads, changes and deletes conversations', async () => {
  const server = await startTestServer();
  const made = await server.post('/api/conversations', {
    id: 'alpha',
    title: 'First one',
    permission_mode: 'plan',
  });
  expect(made.status).toBe(201);
  expect(await made.json()).toMatchObject({
    ...{
      id: 'alpha',
      title: 'First one',
      session_id: null,
      project: server.workspace.project,
      state: 'idle',
      turn_id: null,
    },
    ...{
      turn: null,
      queue: [],
      last_turn: null,
      prompts: [],
      turn_count: 0,
      permission_mode: 'plan',
      archived: false,
    },
  });
  const unnamed = await (await server.post('/api/conversations', {})).json();
  expect(unnamed.id).toMatch(/^[a-z0-9]{10}$/);
  await server.chat({ message: 'about apples', conv_id: 'beta' });
  const { conversations, total, cursor } = await server.get('/api/conversations');
  expect(conversations.map((row: { id: string }) => row.id)).toEqual(['beta', unnamed.id, 'alpha']);
  expect({ total, cursor }).toEqual({ total: 3, cursor: null });
  expect((await server.get('/api/conversations?q=APPLES')).conversations).toHaveLength(1);
  expect((await server.get('/api/conversations?q=first')).conversations).toMatchObject([{ id: 'alpha' }]);
  const page = await server.get('/api/conversations?limit=2');
  expect(page.cursor).toBe(2);
  expect((await server.get('/api/conversations?limit=2&cursor=2')).conversations).toMatchObject([
    { id: 'alpha' },
  ]);
  const changed = await (
    await server.patch('/api/conversations/alpha', {
      title: 'Renamed',
      archived: true,
      permission_mode: null,
    })
  ).json();
  expect(changed).toMatchObject({ title: 'Renamed', archived: true, permission_mode: null });
  expect((await server.get('/api/conversations?archived=false')).conversations).toHaveLength(2);
  expect((await server.get('/api/conversations?archived=true')).conversations).toMatchObject([
    { id: 'alpha' },
  ]);
  const again = await server.restart();
  expect(await again.get('/api/conversations/alpha')).toMatchObject({ title: 'Renamed' });
  const { session_id } = await again.get('/api/conversations/beta');
  expect(await (await again.remove('/api/conversations/beta')).json()).toEqual({ deleted: 'beta' });
  expect((await again.send('/api/conversations/beta')).status).toBe(404);
  const third = await again.restart();
  expect((await third.send('/api/conversations/beta')).status).toBe(404);
  const back = await (await third.post('/api/conversations', { id: 'back', session_id })).json();
  expect(back).toMatchObject({ session_id, project: server.workspace.project });
  expect((await third.messages('back')).messages[0].text).toBe('about apples');
});

verifies('conversations.manage', 'shows a running turn and the queue', async () => {
  const server = await startTestServer();
  const response = await server.post('/api/chat', {
    message: '[[slow 100 50ms]]',
    conv_id: 'a',
    stream: true,
  });
  for await (const event of readEventStream(response))
    if (event.type === 'text.delta' && event.text.includes('word3')) break;
  await server.accept('a', { message: 'waits' });
  const snapshot = await server.get('/api/conversations/a');
  expect(snapshot).toMatchObject({
    state: 'running',
    queued: 1,
    turn: { state: 'running' },
    queue: [{ message: 'waits', state: 'queued' }],
  });
  expect(snapshot.turn.text).toContain('word2');
  expect(snapshot.turn_id).toBe(snapshot.turn.turn_id);
  expect((await server.get('/api/status')).turns).toEqual({ running: 1, queued: 1 });
  await server.cancel(snapshot.queue[0].turn_id);
  await server.cancel(snapshot.turn_id);
});

verifies(
  'health.fast',
  'answers 1,000 reads at once, /health among them, while turns are running',
  async () => {
    const server = await startTestServer();
    await server.chat({ message: '[[len 20000]]', conv_id: 'a' });
    const ids = ['b', 'c', 'd'];
    const turns = await Promise.all(ids.map((id) => server.accept(id, { message: `[[hang]]${id}` })));
    await Promise.all(ids.map((id) => server.api.waitFor(`[[hang]]${id}`)));
    const paths = [
      '/health',
      '/api/conversations',
      '/api/conversations/a',
      '/api/conversations/a/messages',
      '/api/status',
    ];
    const reads = Array.from(
      { length: 1000 },
      async (_, i) => (await server.send(paths[i % paths.length] ?? '')).status,
    );
    expect(new Set(await Promise.all(reads))).toEqual(new Set([200]));
    for (const { turn_id } of turns) {
      expect((await server.turn(turn_id, 0)).state).toBe('running');
      await server.cancel(turn_id);
    }
  },
);
