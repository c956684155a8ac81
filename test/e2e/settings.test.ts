import { expect } from 'vitest';
import { box, isConnectionFault, openPhone, signIn, waitForWorker } from '../helper/browser.ts';
import { startBuilt } from '../helper/packaged.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'page.settings',
  'adds a device with a link, lists devices, revokes, and signs everybody out',
  async () => {
    const { server } = await startBuilt();
    await server.chat({ conv_id: 'work', message: 'hello' });
    const { page, faults } = await openPhone();
    await signIn(page, server.url);
    await page.getByRole('button', { name: 'Settings', exact: true }).click();
    await page.getByRole('button', { name: 'Add a device' }).click();
    await page.getByRole('button', { name: 'Link for another device' }).click();
    await page.getByRole('img', { name: 'QR code' }).waitFor();
    const link = String(await page.locator('.pairing code').textContent());
    const other = await openPhone();
    await other.page.goto(link);
    await box(other.page).waitFor();
    await other.page.getByText('Echo: hello').waitFor();
    expect(other.page.url()).not.toContain('#');
    const third = await openPhone();
    await third.page.goto(link);
    await third.page.getByText(/already used or has expired/).waitFor();

    await page.goBack();
    await page.getByRole('button', { name: 'Devices and tokens' }).click();
    await page.getByText('this one').waitFor();
    expect(await page.locator('.card').count()).toBe(2);
    await page.getByLabel('Name of a new token').fill('my script');
    await page.getByRole('button', { name: 'Create a token' }).click();
    const token = String(await page.locator('.card code').textContent());
    expect(
      (await fetch(`${server.url}/api/status`, { headers: { authorization: `Bearer ${token}` } })).status,
    ).toBe(200);
    const cookieCard = page.locator('.card', { hasText: 'browser' }).filter({ hasNotText: 'this one' });
    await cookieCard.getByRole('button', { name: 'Revoke' }).click();
    await other.page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
    expect(faults.filter((fault) => !isConnectionFault(fault))).toEqual([]);
  },
);

verifies('page.settings', 'shows rules, the audit log, and the status of the server with fixes', async () => {
  const { server } = await startBuilt({ CLAUDE_BIN: '/nowhere/claude' });
  const { page } = await openPhone();
  await signIn(page, server.url);
  await page.goto(`${server.url}/settings/status`);
  await page.getByText('Something needs attention').waitFor();
  await page.getByText('Install Claude Code on the machine').waitFor();
  await page.goto(`${server.url}/settings/api`);
  await page.getByText(`${server.url}/api/chat`).first().waitFor();
  await page.goto(`${server.url}/settings/rules`);
  await page.getByText('Nothing is allowed beyond').waitFor();
  await page.goto(`${server.url}/settings/audit`);
  await page.getByText('No decisions yet.').waitFor();
});

verifies(
  'push.policy',
  'says on the page which step of a notification failed, and keeps quiet hours, channels and levels',
  async () => {
    const { server } = await startBuilt({ PUSH_PRIVATE_ADDRESSES: 'true' });
    await server.chat({ conv_id: 'work', message: 'hello' });
    const { page } = await openPhone();
    await signIn(page, server.url);
    await waitForWorker(page);
    await page.goto(`${server.url}/settings/notifications`);
    // A headless browser refuses to notify: that is said, with the cure.
    await page.getByRole('button', { name: 'Notify me on this device' }).click();
    await page.getByText(/notifications are allowed: allow notifications for this page/).waitFor();
    await page.getByLabel('No notifications at night').check();
    await page.getByLabel('from').fill('21:30');
    await page.getByLabel('finished turns').uncheck();
    await page.getByLabel(/Remind me/).selectOption('30');
    await page.getByText('ntfy or a webhook').click();
    await page.getByLabel('Channel').selectOption('webhook');
    await page.getByLabel('Address').fill('http://127.0.0.1:9/hook');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText(/whsec_/).waitFor();
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText(/✗ sent/).waitFor();
    const push = await until('the settings', async () => {
      const found = await server.get('/api/push');
      return found.settings.again_after_min === 30 && found;
    });
    expect(push.settings).toMatchObject({
      kinds: ['needs_me', 'failed'],
      quiet: { from: '21:30', to: '07:00' },
    });
    await page.goto(`${server.url}/c/work`);
    await page.getByRole('button', { name: 'Conversation menu' }).click();
    await page.getByLabel('as in the settings').uncheck();
    await page.getByLabel('finished turns').uncheck();
    await until(
      'the level',
      async () =>
        JSON.stringify((await server.get('/api/conversations/work')).notify) === '["needs_me","failed"]',
    );
  },
);
