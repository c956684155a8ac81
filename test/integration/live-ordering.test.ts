import { expect } from 'vitest';
import { startClaudeServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { killProcessesOf, processesOf } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const file = (name: string) => ({ name, data: Buffer.from(`${name} `.repeat(40_000)).toString('base64') });

verifies('live.kept', 'never has two processes for one session, however full the pool is', async () => {
  const server = await startClaudeServer({ env: { LIVE_PROCESSES: '2' } });
  const ids = ['a', 'b', 'c'];
  for (const id of ids) await server.post('/api/conversations', { id });
  const warm = (id: string) => server.post(`/api/conversations/${id}/warm`, {});
  await warm('a');
  await warm('b');
  await Promise.all([
    warm('c'),
    new Promise((resolve) => setTimeout(resolve, 30)).then(() => warm('c')),
    server.chat({ message: 'hello', conv_id: 'c' }),
  ]);
  const rows = await Promise.all(ids.map((id) => server.get(`/api/conversations/${id}`)));
  expect(rows.filter(({ live }) => live)).toHaveLength((await server.get('/api/status')).live.open);
  expect(await processesOf(server.workspace)).toHaveLength(2);
});

verifies(
  'attachment.model',
  'takes attachments where no process is kept, and keeps their order',
  async () => {
    const server = await startClaudeServer({ env: { LIVE_PROCESSES: '0' } });
    const answer = await server.chat({
      message: 'look',
      conv_id: 'cold',
      attachments: [file('one.txt'), file('two.txt')],
    });
    expect(answer).toMatchObject({ response: 'Echo: look' });
    const first = await server.accept('a', {
      message: 'first',
      attachments: [file('one.txt'), file('two.txt')],
    });
    const second = await server.accept('a', { message: 'second', steer: true });
    const third = await server.accept('a', {
      message: 'third',
      steer: true,
      attachments: [file('three.txt')],
    });
    for (const { turn_id } of [first, second, third])
      expect((await server.end(turn_id)).state).toBe('completed');
    const { messages } = await server.messages('a');
    const said = messages
      .filter(({ role }: { role: string }) => role === 'user')
      .map(({ text }: { text: string }) => text);
    expect(said).toEqual(['first', 'second', 'third']);
    await until('no process', async () => (await processesOf(server.workspace)).length === 0);
  },
);

verifies('live.cancel', 'stops a turn at once, also while its files are read', async () => {
  const server = await startClaudeServer();
  await server.post('/api/conversations', { id: 'a' });
  await server.post('/api/conversations/a/warm', {});
  for (let wait = 0; wait < 12; wait += 3) {
    const { turn_id } = await server.accept('a', { message: '[[hang]]', attachments: [file('one.txt')] });
    await new Promise((resolve) => setTimeout(resolve, wait));
    expect((await server.cancel(turn_id)).state).toBe('cancelled');
  }
  expect((await server.chat({ message: 'next', conv_id: 'a' })).response).toBe('Echo: next');
});

verifies('budget.limit', 'charges what a killed turn had spent', async () => {
  const server = await startClaudeServer({ env: { ALLOWED_TOOLS: 'Bash' } });
  await server.post('/api/conversations', { id: 'a', max_cost_usd: 0.1 });
  const { turn_id } = await server.accept('a', {
    message: '[[usage 20000 2000]][[tool:Bash touch x]][[text never]]',
  });
  await server.prompts();
  await killProcessesOf(server.workspace);
  expect((await server.end(turn_id)).state).toBe('failed');
  expect((await server.get('/api/conversations/a')).cost_usd).toBeCloseTo(0.12, 5);
  expect((await server.post('/api/chat', { message: 'more', conv_id: 'a' })).status).toBe(402);
});
