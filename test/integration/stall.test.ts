import { expect } from 'vitest';
import { startClaudeServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { processesOf } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('live.stall', 'stops a stalled stream, but no tool or prompt that takes long', async () => {
  const server = await startClaudeServer({ env: { STALL_S: '1', ALLOWED_TOOLS: 'Bash(node *)' } });
  await server.post('/api/conversations', { id: 'a' });
  await server.post('/api/conversations/a/warm', {});
  const slow = await server.chat({
    message: '[[tool:Bash node -e "setTimeout(Number, 2000)"]][[text done]]',
    conv_id: 'a',
  });
  expect(slow.response).toBe('done');
  const asked = await server.accept('a', {
    message: '[[tool:Bash touch x]][[text done]]',
    permission_mode: 'default',
  });
  const [prompt] = await server.prompts();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await server.answer(prompt?.id as string, { decision: 'allow' });
  expect((await server.end(asked.turn_id)).state).toBe('completed');
  for (const conv_id of ['a', 'cold']) {
    const { turn_id } = await server.accept(conv_id, { message: '[[hang]]', follow: true });
    expect(await server.end(turn_id)).toMatchObject({
      state: 'failed',
      error: { code: 'agent_stalled', status: 504 },
    });
  }
  await until('no process', async () => (await processesOf(server.workspace)).length === 0);
  expect((await server.chat({ message: 'next', conv_id: 'a' })).response).toBe('Echo: next');
});

verifies('live.login', 'does not keep a process that got a 401', async () => {
  const server = await startClaudeServer();
  await server.post('/api/conversations', { id: 'a' });
  await server.post('/api/conversations/a/warm', {});
  const [pid] = await processesOf(server.workspace);
  expect(await server.chat({ message: '[[error 401]]', conv_id: 'a' })).toMatchObject({
    code: 'not_logged_in',
  });
  expect((await server.chat({ message: 'renewed', conv_id: 'a' })).response).toBe('Echo: renewed');
  expect(await processesOf(server.workspace)).not.toContain(pid);
});
