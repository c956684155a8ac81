import { expect } from 'vitest';
import { runBare } from '../helper/plain-claude.ts';
import { startClaudeServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

/** 20,000 tokens in and 2,000 out cost 0.12 USD by the CLI's price table (its default model). */
const dear = '[[usage 20000 2000]]';
const env = { ALLOWED_TOOLS: 'Bash' };

verifies(
  'budget.limit',
  'does not count what a session cost before it was taken over, nor a turn twice',
  async () => {
    const server = await startClaudeServer();
    const begun = await server.chat({ message: `${dear}[[text one]]`, conv_id: 'a' });
    await runBare(
      server,
      ['-p', '--resume', begun.session_id, '--output-format', 'json'],
      `${dear}[[text at the desk]]`,
    );
    const other = await startClaudeServer({
      workspace: { ...server.workspace, data: `${server.workspace.data}-2` },
      api: server.api,
    });
    await other.post('/api/conversations', { id: 'taken', session_id: begun.session_id });
    const answer = await other.chat({ message: `${dear}[[text two]]`, conv_id: 'taken' });
    expect(answer.cost).toBeCloseTo(0.36, 5);
    expect((await other.get('/api/conversations/taken')).cost_usd).toBeCloseTo(0.12, 5);
    await other.post('/api/conversations/taken/warm', {});
    await other.chat({ message: '[[error 400]]', conv_id: 'taken' });
    await other.chat({ message: '/clear', conv_id: 'taken' });
    await other.chat({ message: `${dear}[[text anew]]`, conv_id: 'taken' });
    expect((await other.get('/api/conversations/taken')).cost_usd).toBeCloseTo(0.24, 5);
  },
);

verifies('budget.limit', 'stops a one-shot turn when it uses up the budget', async () => {
  const server = await startClaudeServer({ env: { ...env, LIVE_PROCESSES: '0' } });
  await server.post('/api/conversations', { id: 'a', max_cost_usd: 0.1 });
  const message = `${dear}[[tool:Bash touch x1]]${dear}[[tool:Bash touch x2]][[text done]]`;
  expect(await server.chat({ message, conv_id: 'a' })).toMatchObject({ code: 'budget_reached', status: 402 });
});
