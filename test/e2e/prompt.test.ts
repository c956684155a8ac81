import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openPhone, send, signIn } from '../helper/browser.ts';
import { startTestApi } from '../helper/server.ts';
import { startServerProcess } from '../helper/server-process.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, serverEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'page.prompts',
  'asks on the page, by a live process that the page opened, and keeps asking over a reload',
  async () => {
    const workspace = await createWorkspace();
    const api = await startTestApi();
    const server = await startServerProcess(workspace, serverEnv(workspace, api));
    await server.post('/api/conversations', { id: 'default' });
    const { page, faults } = await openPhone();
    await signIn(page, server.url);
    await until('the live process', async () => (await server.get('/api/conversations/default')).live);
    await send(page, '[[tool:Bash touch /tmp/../tmp/x; rm -f made]]&[[tool:Bash node -e 1]][[text done]]');
    const card = page.getByRole('region', { name: 'permission' });
    await card.getByText('touch /tmp/../tmp/x').waitFor();
    await card.getByText('outside of the project').waitFor();
    await card.getByText('deletes').waitFor();
    await page.reload();
    await card.getByText('touch /tmp/../tmp/x').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    if (process.env['SHOT']) await page.screenshot({ path: process.env['SHOT'] });
    await card.getByRole('button', { name: 'Deny with a reason' }).click();
    await card.getByLabel('Message for Claude').fill('Not outside, please.');
    expect(await card.getByRole('button', { name: 'Allow', exact: true }).count()).toBe(0);
    await card.getByRole('button', { name: 'Deny and send', exact: true }).click();
    await card.getByText('node -e 1').waitFor();
    await card.getByRole('button', { name: 'Allow', exact: true }).click();
    await page.locator('.assistant', { hasText: 'done' }).waitFor();
    await card.waitFor({ state: 'detached' });
    // The CLI writes its transcript a moment after it has answered.
    await until('the words', async () =>
      JSON.stringify(await server.messages('default')).includes('Not outside, please.'),
    );

    await send(page, '[[asks Which sizes?|S|M|L]][[ask Which colour?|Red|Blue]][[text thanks]]');
    const question = page.getByRole('region', { name: 'question' });
    await question.getByLabel('S the S one').check();
    await question.getByLabel('L the L one').check();
    await question.getByRole('button', { name: 'Answer', exact: true }).click();
    await question.getByText('Which colour?').waitFor();
    await question.getByLabel('Own answer to Which colour?').fill('rather green');
    await question.getByRole('button', { name: 'Answer', exact: true }).click();
    await page.locator('.assistant', { hasText: 'thanks' }).waitFor();
    const said = JSON.stringify(await server.messages('default'));
    expect(said).toContain('S, L');
    expect(said).toContain('rather green');

    await server.patch('/api/conversations/default', { permission_mode: 'plan' });
    await send(page, '[[plan First this, then that.]][[tool:Write made.txt words]][[text built]]');
    const plan = page.getByRole('region', { name: 'plan' });
    await plan.getByText('First this, then that.').waitFor();
    await plan.getByRole('button', { name: 'Accept, edit freely' }).click();
    await page.locator('.assistant', { hasText: 'built' }).waitFor();
    expect(existsSync(join(workspace.project, 'made.txt'))).toBe(true);
    expect(faults).toEqual([]);
  },
);

verifies(
  'page.prompts',
  'shows the prompts of all conversations in one place, counts them, and removes those answered elsewhere',
  async () => {
    const workspace = await createWorkspace();
    const api = await startTestApi();
    const server = await startServerProcess(workspace, serverEnv(workspace, api));
    for (const id of ['one', 'two', 'three', 'four']) {
      await server.post('/api/conversations', { id, permission_mode: 'default' });
      await server.accept(id, { message: `[[tool:Bash touch ${id}]][[text done ${id}]]` });
    }
    const [first] = await server.prompts(4);
    const { page, faults } = await openPhone();
    const other = await openPhone();
    for (const phone of [page, other.page]) {
      await signIn(phone, server.url);
      await expect.poll(() => phone.title()).toMatch(/^\(4\) /);
      await phone.getByRole('button', { name: '4 waiting for you' }).click();
    }
    const cards = page.getByRole('dialog').getByRole('region', { name: 'permission' });
    expect(await cards.count()).toBe(4);
    // A card changes only on the server's word.
    await page.route('**/api/prompts/*', (route) => route.abort());
    await cards.first().getByRole('button', { name: 'Allow', exact: true }).click();
    await expect
      .poll(() => cards.first().getByRole('button', { name: 'Allow', exact: true }).isEnabled())
      .toBe(true);
    expect(await cards.count()).toBe(4);
    await page.unrouteAll();
    await server.answer(String(first?.id), { decision: 'allow' });
    await expect.poll(() => cards.count()).toBe(3);
    await other.page
      .getByRole('dialog')
      .getByRole('region', { name: 'permission' })
      .first()
      .getByLabel('Allow for a while')
      .selectOption({ label: 'for an hour' });
    await expect.poll(() => cards.count()).toBe(2);
    await expect.poll(() => page.title()).toMatch(/^\(2\) /);
    const { rules } = await server.get('/api/rules');
    expect(rules).toHaveLength(1);
    expect(Date.parse(rules[0].until) - Date.now()).toBeGreaterThan(3_000_000);
    for (let left = 2; left > 0; left -= 1) {
      await cards.first().getByRole('button', { name: 'Allow', exact: true }).click();
      await expect.poll(() => cards.count()).toBe(left - 1);
    }
    await page.getByText('Nothing waits for you.').waitFor();
    expect(faults.filter((fault) => !fault.includes('ERR_FAILED'))).toEqual([]);
  },
);
