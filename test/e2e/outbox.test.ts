import { expect } from 'vitest';
import { answered, box, openPhone, pick, send, signIn, waitForWorker } from '../helper/browser.ts';
import { startBadLine } from '../helper/flaky-network.ts';
import { startBuilt } from '../helper/packaged.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const said = (texts: string[]) => texts.filter((text) => text.startsWith('offline '));

verifies(
  'page.delivery',
  'sends a message whose acceptance was lost only once, and shows how far each has come',
  async () => {
    const { server, api } = await startBuilt();
    // The worker's own requests pass by the route in some versions of Chromium (150): here the page sends.
    const { page, context } = await openPhone({ serviceWorkers: 'block' });
    await signIn(page, server.url);
    let lost = 0;
    await context.route('**/turns', async (route) => {
      if (lost) return route.continue();
      lost += 1;
      await route.fetch();
      await route.abort();
    });
    await send(page, 'only once');
    expect(await box(page).inputValue()).toBe('');
    await answered(page, 'Echo: only once').waitFor();
    expect(lost).toBe(1);
    expect(api.received.filter(({ texts }) => texts.includes('only once'))).toHaveLength(1);
    await page.locator('[data-delivery=answered]', { hasText: 'only once' }).waitFor();
    await send(page, '[[slow 200 40ms]]');
    await page.locator('[data-delivery=read]', { hasText: 'slow' }).waitFor();
    await page.getByRole('img', { name: 'read by Claude' }).waitFor();
    await send(page, 'waits its turn');
    await page.locator('[data-delivery=accepted]', { hasText: 'waits its turn' }).waitFor();
    expect(await page.locator('.user', { hasText: 'waits its turn' }).count()).toBe(1);
  },
);

verifies(
  'page.delivery',
  'keeps what is typed without a connection over a reload, and sends it later, in order, each once',
  async () => {
    const { server, api } = await startBuilt();
    const line = await startBadLine(server.url);
    const { page } = await openPhone();
    await signIn(page, line.url);
    await waitForWorker(page);
    line.down();
    for (const number of [1, 2, 3]) await send(page, `offline ${number}`);
    await page.locator('[data-delivery=phone]', { hasText: 'offline 3' }).waitFor();
    await page.reload();
    await page.locator('[data-delivery=phone]', { hasText: 'offline 3' }).waitFor();
    line.up();
    await answered(page, 'Echo: offline 3').waitFor();
    expect(said(api.received.flatMap(({ texts }) => texts.at(-1) ?? []))).toEqual([
      'offline 1',
      'offline 2',
      'offline 3',
    ]);
  },
);

verifies('page.delivery', 'sends what was typed without a connection after the page was closed', async () => {
  const { server, api } = await startBuilt();
  const line = await startBadLine(server.url);
  const { page, context } = await openPhone();
  await signIn(page, line.url);
  await waitForWorker(page);
  // The worker in the developer tools: they trigger the sync that the browser triggers on reconnection.
  const tools = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    tools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [first] = registrations;
      if (first) resolve(first.registrationId);
    });
  });
  await tools.send('ServiceWorker.enable');
  const registrationId = await registered;
  line.down();
  await send(page, 'offline 1');
  await send(page, 'offline 2');
  await page.locator('[data-delivery=phone]', { hasText: 'offline 2' }).waitFor();
  const other = await context.newPage();
  await other.goto('about:blank');
  await page.close();
  const others = await context.newCDPSession(other);
  await others.send('ServiceWorker.enable');
  line.up();
  await others.send('ServiceWorker.dispatchSyncEvent', {
    origin: line.url,
    registrationId,
    tag: 'outbox',
    lastChance: false,
  });
  await until(
    'both messages',
    () => said(api.received.flatMap(({ texts }) => texts.at(-1) ?? [])).length === 2,
  );
  expect(said(api.received.flatMap(({ texts }) => texts.at(-1) ?? []))).toEqual(['offline 1', 'offline 2']);
  const again = await context.newPage();
  await again.goto(line.url);
  await answered(again, 'Echo: offline 2').waitFor();
  expect(await again.locator('.user').count()).toBe(2);
});

verifies('page.delivery', 'keeps what was refused with its reason, to send again or discard', async () => {
  const { server } = await startBuilt();
  const { page, context } = await openPhone({ serviceWorkers: 'block' });
  await signIn(page, server.url);
  let isRefusing = true;
  await context.route('**/turns', (route) =>
    isRefusing
      ? route.fulfill({
          status: 413,
          contentType: 'application/problem+json',
          body: JSON.stringify({
            detail: 'It is too large.',
            hint: 'Shorten it.',
            code: 'message_too_large',
            status: 413,
          }),
        })
      : route.continue(),
  );
  await send(page, 'refused one');
  await page.getByText('It is too large. Put large texts into a file').waitFor();
  await send(page, 'behind it');
  await page.reload();
  await page.getByText('It is too large. Put large texts into a file').waitFor();
  isRefusing = false;
  await page.getByRole('button', { name: 'Send again' }).click();
  await answered(page, 'Echo: behind it').waitFor();
  await answered(page, 'Echo: refused one').waitFor();
  isRefusing = true;
  await send(page, 'unwanted');
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByText('unwanted').waitFor({ state: 'detached' });
});

verifies(
  'page.delivery',
  'sends long messages of any script, those that the browser cannot store, and past a stalled upload',
  async () => {
    const { server, api } = await startBuilt();
    const { page, context } = await openPhone();
    await signIn(page, server.url);
    await send(page, '漢'.repeat(30_000));
    await answered(page, 'Echo: 漢').waitFor();
    await page.evaluate(() => {
      IDBObjectStore.prototype.add = () => {
        throw new DOMException('no room', 'QuotaExceededError');
      };
    });
    await send(page, 'without room');
    await answered(page, 'Echo: without room').waitFor();
    await server.post('/api/conversations', { id: 'other' });
    await context.route('**/default/turns', () => {});
    await page.setInputFiles('input[type=file][multiple]', [
      { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('x') },
    ]);
    await send(page, 'stands still');
    await pick(page, 'other');
    await page.locator('.picker').getByText('other', { exact: true }).waitFor();
    await send(page, 'not held up');
    // Before the upload is given up for standing still, which takes half a minute.
    await answered(page, 'Echo: not held up').waitFor({ timeout: 15_000 });
    expect(api.received.filter(({ texts }) => texts.includes('without room'))).toHaveLength(1);
  },
);

verifies('page.delivery', 'shows a message once in two tabs, whichever of them sends it', async () => {
  const { server, api } = await startBuilt();
  const line = await startBadLine(server.url);
  const { page, context } = await openPhone();
  await signIn(page, line.url);
  await waitForWorker(page);
  await send(page, 'before');
  await answered(page, 'Echo: before').waitFor();
  line.down();
  await send(page, 'offline 1');
  await page.locator('[data-delivery=phone]', { hasText: 'offline 1' }).waitFor();
  const other = await context.newPage();
  await other.goto(line.url);
  await other.locator('[data-delivery=phone]', { hasText: 'offline 1' }).waitFor();
  line.up();
  for (const tab of [other, page]) {
    await tab.bringToFront();
    await answered(tab, 'Echo: offline 1').waitFor();
    await tab.locator('.picker').getByText('2 turns').waitFor();
    expect(await tab.locator('.user', { hasText: 'offline 1' }).count()).toBe(1);
  }
  expect(said(api.received.flatMap(({ texts }) => texts.at(-1) ?? []))).toEqual(['offline 1']);
});

verifies('page.delivery', 'changes, moves first, withdraws and steers queued messages', async () => {
  const { server, api } = await startBuilt();
  await server.post('/api/conversations', { id: 'default' });
  const { page, faults } = await openPhone();
  await signIn(page, server.url);
  await until('the live process', async () => (await server.get('/api/conversations/default')).live);
  await send(page, '[[tool:Bash sleep 1]][[slow 60 40ms]]');
  await page.getByText('Working').waitFor();
  for (const text of ['queued one', 'queued two', 'queued three']) {
    await send(page, text);
    await page.locator('[data-delivery=accepted]', { hasText: text }).waitFor();
  }
  const row = (text: string) => page.locator('.user', { hasText: text });
  await row('queued one').getByRole('button', { name: 'Withdraw' }).click();
  await row('queued one').waitFor({ state: 'detached' });
  await row('queued three').getByRole('button', { name: 'Move to the front' }).click();
  await row('queued two').getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Edit the message').fill('changed two');
  await page.getByRole('button', { name: 'Save' }).click();
  await row('changed two').waitFor();
  await answered(page, 'Echo: changed two').waitFor();
  const order = api.received
    .flatMap(({ texts }) => texts.at(-1) ?? [])
    .filter((text) => /queued|changed/.test(text));
  expect(order).toEqual(['queued three', 'changed two']);
  expect(faults).toEqual([]);
});
