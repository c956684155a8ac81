import { expect } from 'vitest';
import { startTestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

/** 20,000 tokens in and 2,000 out cost 0.12 USD by the CLI's price table (its default model). */
const dear = '[[usage 20000 2000]]';
const env = { ALLOWED_TOOLS: 'Bash' };

verifies(
  'budget.limit',
  'shows a budget from 80 % on, and refuses the next turn when it is used up',
  async () => {
    const server = await startTestServer({ env: { BUDGET_DAY_USD: '1000' } });
    await server.post('/api/conversations', { id: 'a', max_cost_usd: 0.14 });
    const first = await server.chat({ message: `${dear}[[text one]]`, conv_id: 'a' });
    expect(first.cost).toBeCloseTo(0.12, 5);
    expect((await server.get('/api/conversations/a')).budget).toMatchObject({
      limit_usd: 0.14,
      warning: true,
      reached: false,
    });
    await server.post('/api/conversations/a/warm', {});
    await server.chat({ message: `${dear}[[text two]]`, conv_id: 'a' });
    const { budget, cost_usd } = await server.get('/api/conversations/a');
    expect(budget).toMatchObject({ warning: true, reached: true });
    expect(cost_usd).toBeCloseTo(0.24, 5);
    const refused = await server.post('/api/chat', { message: 'three', conv_id: 'a' });
    expect([refused.status, (await refused.json()).code]).toEqual([402, 'budget_reached']);
    expect((await server.chat({ message: 'another conversation', conv_id: 'b' })).success).toBe(true);
    expect((await server.get('/api/status')).budget_day.spent_usd).toBeCloseTo(0.24 + 0.00028, 5);

    const again = await server.restart();
    expect((await again.get('/api/conversations/a')).cost_usd).toBeCloseTo(0.24, 5);
    expect((await again.post('/api/chat', { message: 'three', conv_id: 'a' })).status).toBe(402);
    await again.patch('/api/conversations/a', { max_cost_usd: 1 });
    expect((await again.chat({ message: 'three', conv_id: 'a' })).success).toBe(true);
  },
);

verifies('budget.limit', 'enforces the daily budget in every conversation', async () => {
  const server = await startTestServer({ env: { BUDGET_DAY_USD: '0.1' } });
  await server.chat({ message: `${dear}[[text one]]`, conv_id: 'a' });
  const refused = await server.post('/api/chat', { message: 'x', conv_id: 'b' });
  expect((await refused.json()).detail).toContain('BUDGET_DAY_USD');
});

verifies(
  'budget.limit',
  'holds a running turn at its next step, until the budget is raised or it is stopped',
  async () => {
    const server = await startTestServer({ env });
    await server.post('/api/conversations', { id: 'a', max_cost_usd: 0.1 });
    await server.post('/api/conversations/a/warm', {});
    const message = `${dear}[[tool:Bash touch x1]]${dear}[[tool:Bash touch x2]][[text done]]`;
    const { turn_id } = await server.accept('a', { message });
    const [prompt] = await server.prompts();
    expect(prompt).toMatchObject({ kind: 'budget', tool: 'Bash' });
    expect(Number(prompt?.input['spent_usd'])).toBeGreaterThanOrEqual(0.1);
    await server.patch('/api/conversations/a', { max_cost_usd: 0.2 });
    const next = await until('the next step', async () =>
      (await server.prompts()).find(({ id }) => id !== prompt?.id),
    );
    expect((await server.answer(next.id, { decision: 'deny' })).status).toBe(200);
    expect(await server.end(turn_id)).toMatchObject({
      state: 'failed',
      error: { code: 'budget_reached', status: 402 },
    });
    expect((await server.get('/api/conversations/a')).cost_usd).toBeCloseTo(0.24, 2);
  },
);

verifies(
  'budget.limit',
  'counts what runs at the same time, and says why a turn was ended while nobody was there',
  async () => {
    const server = await startTestServer({ env: { ...env, BUDGET_DAY_USD: '0.2', PROMPT_TIMEOUT_S: '2' } });
    const message = (name: string) =>
      `${dear}[[tool:Bash node -e "setTimeout(Number, 1500)"]]${dear}[[tool:Bash touch ${name}]][[text done]]`;
    const sent = await Promise.all(['a', 'b'].map((id) => server.accept(id, { message: message(id) })));
    const [prompt] = await server.prompts();
    expect(prompt).toMatchObject({ kind: 'budget' });
    expect((await server.get('/api/status')).budget_day).toMatchObject({ warning: true });
    const ends = await Promise.all(sent.map(({ turn_id }) => server.end(turn_id)));
    for (const end of ends) expect(end).toMatchObject({ state: 'failed', error: { code: 'budget_reached' } });
  },
);
