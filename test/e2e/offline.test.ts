import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { answered, box, openPhone, send, signIn, waitForWorker } from '../helper/browser.ts';
import { startBadLine } from '../helper/flaky-network.ts';
import { startBuilt } from '../helper/packaged.ts';
import { packageRoot } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'page.offline',
  'opens without a connection, shows what was read last, and continues when there is one',
  async () => {
    const { server } = await startBuilt();
    await server.chat({ message: 'about apples', conv_id: 'apples' });
    const line = await startBadLine(server.url);
    const { page, context, hosts } = await openPhone();
    await signIn(page, line.url);
    await waitForWorker(page);
    await answered(page, 'Echo: about apples').waitFor();
    await send(page, 'and pears');
    await answered(page, 'Echo: and pears').waitFor();
    await page.locator('.receipt').nth(1).waitFor();
    await expect
      .poll(() =>
        page.evaluate(
          () =>
            new Promise((resolve) => {
              const request = indexedDB.open('switchboard');
              request.onsuccess = () => {
                const asking = request.result.transaction(['thread', 'list']);
                const thread = asking.objectStore('thread').get('apples');
                const list = asking.objectStore('list').get('list');
                asking.oncomplete = () => {
                  request.result.close();
                  resolve(Boolean(list.result) && JSON.stringify(thread.result ?? '').includes('and pears'));
                };
              };
            }),
        ),
      )
      .toBe(true);
    await page.close();
    line.down();
    const later = await context.newPage();
    await later.goto(`${line.url}/c/apples`);
    await answered(later, 'Echo: and pears').waitFor();
    await later.getByText('No connection. This is how it was').waitFor();
    await send(later, 'from the dead spot');
    line.up();
    await answered(later, 'Echo: from the dead spot').waitFor();
    await later.getByText('No connection').waitFor({ state: 'detached' });
    expect([...hosts]).toEqual([new URL(line.url).host]);
  },
);

verifies('page.offline', 'asks the server for nothing but data when it is opened again', async () => {
  const { server } = await startBuilt();
  const { page, context } = await openPhone();
  await signIn(page, server.url);
  await waitForWorker(page);
  await page.close();
  const asked: string[] = [];
  context.on('request', (request) => {
    if (!request.serviceWorker()) asked.push(new URL(request.url()).pathname);
  });
  context.on('response', (response) => {
    if (response.fromServiceWorker()) asked.splice(asked.indexOf(new URL(response.url()).pathname), 1);
  });
  const again = await context.newPage();
  await again.goto(server.url);
  await box(again).waitFor();
  await send(again, 'hello');
  await answered(again, 'Echo: hello').waitFor();
  const rest = asked.filter(
    (path) => !path.startsWith('/api/') && !['/sw.js', '/manifest.webmanifest', '/icon.svg'].includes(path),
  );
  expect(rest).toEqual([]);
});

verifies('page.offline', 'takes what another app shares into a conversation', async () => {
  const { server } = await startBuilt();
  await server.chat({ message: 'about apples', conv_id: 'apples' });
  const { page, faults } = await openPhone();
  await signIn(page, server.url);
  await waitForWorker(page);
  const png = readFileSync(join(packageRoot, 'frontend/public/icon-192.png')).toString('base64');
  // As Android posts it to the address of the manifest.
  await page.evaluate((data) => {
    const form = document.createElement('form');
    form.method = 'post';
    form.action = '/share';
    form.enctype = 'multipart/form-data';
    for (const [name, value] of [
      ['title', 'A page'],
      ['url', 'https://example.org/x'],
    ]) {
      const field = document.createElement('input');
      field.name = String(name);
      field.value = String(value);
      form.append(field);
    }
    const file = document.createElement('input');
    file.type = 'file';
    file.name = 'files';
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'shared.png', { type: 'image/png' }));
    file.files = transfer.files;
    form.append(file);
    document.body.append(form);
    form.submit();
  }, png);
  await page.getByRole('button', { name: 'apples' }).click();
  await page.getByRole('list', { name: 'Attachments' }).getByText('shared.png').waitFor();
  expect(await box(page).inputValue()).toBe('A page\nhttps://example.org/x');
  expect(faults).toEqual([]);
});

verifies(
  'page.offline',
  'can be installed: a manifest with icons, shortcuts and a share target',
  async () => {
    const { server } = await startBuilt();
    const { page, context } = await openPhone();
    await signIn(page, server.url);
    const tools = await context.newCDPSession(page);
    const { errors, data } = await tools.send('Page.getAppManifest');
    expect(errors).toEqual([]);
    const manifest = JSON.parse(data ?? '{}');
    expect(manifest.icons.map(({ purpose }: { purpose: string }) => purpose)).toContain('any maskable');
    for (const { src } of manifest.icons) expect((await fetch(server.url + src)).status).toBe(200);
    const { installabilityErrors } = await tools.send('Page.getInstallabilityErrors');
    expect(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')).toEqual([]);
  },
);

verifies('page.offline', 'opens every address of the page without a connection', async () => {
  const { server } = await startBuilt();
  await server.chat({ message: 'about apples', conv_id: 'apples' });
  const line = await startBadLine(server.url);
  const { page } = await openPhone();
  await signIn(page, line.url);
  await waitForWorker(page);
  await answered(page, 'Echo: about apples').waitFor();
  line.down();
  for (const path of ['/', '/c/apples', '/settings', '/settings/look', '/sessions', '/share']) {
    await page.goto(`${line.url}${path}`);
    // The browser's own error page has another address and none of our content.
    await page.locator('#app > *').first().waitFor();
    expect(new URL(page.url()).pathname).toBe(path);
  }
});
