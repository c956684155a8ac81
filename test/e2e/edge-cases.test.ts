import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { answered, box, openPhone, pick, send, signIn } from '../helper/browser.ts';
import { startBuilt } from '../helper/packaged.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

/** A turn of so many steps, each with a text and a file. */
function steps(count: number, project: string): string {
  const write = (step: number) =>
    `[[tool:Write ${JSON.stringify({ file_path: join(project, `f${step}.txt`), content: `${step}\n` })}]]`;
  return `${Array.from({ length: count }, (_, step) => `[[text step ${step} done]]&${write(step)}`).join('')}[[text all of it]]`;
}

/** Lets requests to a path through only when the gate is opened. */
async function gate(page: Page, path: string): Promise<() => void> {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  await page.context().route(path, async (route) => {
    await opened;
    await route.continue().catch(() => {}); // The page can be gone by then.
  });
  return open;
}

verifies(
  'page.delivery',
  'sends no withdrawn message, not even while the one before it is in flight',
  async () => {
    const { server, api } = await startBuilt();
    const { page } = await openPhone();
    await signIn(page, server.url);
    await send(page, 'the very first');
    await answered(page, 'Echo: the very first').waitFor();
    const open = await gate(page, '**/turns');
    await send(page, 'one that is slow');
    await send(page, 'one that is taken back');
    await page
      .locator('.user', { hasText: 'one that is taken back' })
      .getByRole('button', { name: 'Withdraw' })
      .click();
    await page.locator('.user', { hasText: 'one that is taken back' }).waitFor({ state: 'detached' });
    open();
    await answered(page, 'Echo: one that is slow').waitFor();
    await send(page, 'the last');
    await answered(page, 'Echo: the last').waitFor();
    expect(api.received.filter(({ texts }) => texts.some((text) => text.includes('taken back')))).toEqual([]);
  },
);

verifies(
  'page.long',
  'ends a turn that is longer than a page with its whole receipt, and takes nothing away from who reads above',
  async () => {
    const { server, workspace } = await startBuilt();
    await server.chat({ conv_id: 'long', message: 'what was before' });
    const { page } = await openPhone();
    await signIn(page, server.url);
    await page.goto(`${server.url}/c/long`);
    await answered(page, 'what was before').waitFor();
    await send(page, steps(40, workspace.project));
    await page
      .locator('.assistant')
      .getByText('step 20 done', { exact: true })
      .waitFor({ state: 'attached' });
    const messages = page.locator('.messages');
    await messages.evaluate((own) => own.scrollTo(0, 0));
    await page.locator('.assistant').getByText('all of it', { exact: true }).waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
    await page.locator('.receipt, .card', { hasText: '40 files' }).waitFor({ state: 'attached' });
    await until('the history', async () =>
      (await server.messages('long', '?limit=500')).messages.some(
        ({ text }: { text: string }) => text === 'all of it',
      ),
    );
    expect(await page.getByText('Echo: what was before').count()).toBeGreaterThan(0);
    expect(await page.locator('.assistant').getByText('step 0 done', { exact: true }).count()).toBe(1);
    await page.reload();
    await page.locator('.receipt, .card', { hasText: '40 files' }).waitFor({ state: 'attached' });
  },
);

verifies(
  'page.recovers',
  'shows what was answered elsewhere where it belongs, and an answer once',
  async () => {
    const { server } = await startBuilt();
    await server.chat({ conv_id: 'a', message: 'first in a' });
    await server.chat({ conv_id: 'b', message: 'first in b' });
    const { page } = await openPhone();
    await signIn(page, server.url);
    await page.goto(`${server.url}/c/a`);
    await answered(page, 'first in a').waitFor();
    await send(page, 'sent and gone');
    await pick(page, 'b');
    await answered(page, 'first in b').waitFor();
    for (let number = 0; number < 4; number += 1)
      await server.chat({ conv_id: 'a', message: `later ${number}` });
    await pick(page, 'a');
    await page.locator('.messages').getByText('later 3', { exact: true }).waitFor();
    const said = await page.locator('.user > p:first-child').allTextContents();
    expect(said.filter((text) => text === 'sent and gone')).toHaveLength(1);
    expect(said.indexOf('sent and gone')).toBeLessThan(said.indexOf('later 0'));
    // It ends while it is read again: both report its end.
    const turn = server.chat({
      conv_id: 'a',
      message: '[[slow 15 200ms]][[tool:Bash true]][[text counted once]]',
    });
    await page.locator('.assistant').getByText('word5').waitFor();
    await pick(page, 'b');
    const open = await gate(page, '**/conversations/a/messages*');
    await pick(page, 'a');
    await turn;
    await answered(page, 'counted once').waitFor();
    open();
    await until(
      'the history',
      async () => (await page.locator('.message.assistant', { hasText: 'word15' }).count()) === 1,
    );
    expect(await page.locator('.assistant').getByText('counted once', { exact: true }).count()).toBe(1);
  },
);

verifies('page.find', 'shows nothing of a conversation that was deleted, here or elsewhere', async () => {
  const { server } = await startBuilt();
  await server.chat({ conv_id: 'default', message: 'soon gone' });
  const { page } = await openPhone();
  await signIn(page, server.url);
  await answered(page, 'soon gone').waitFor();
  await server.remove('/api/conversations/default');
  await page.getByText('This conversation was deleted.').waitFor();
  await page.locator('.user', { hasText: 'soon gone' }).waitFor({ state: 'detached' });
  await page.reload();
  await page.getByText('Nothing was said here yet').waitFor();
  expect(await page.getByText('soon gone').count()).toBe(0);
});

verifies(
  'page.small',
  'shows the end of a conversation before its scripts, and keeps what was typed and pressed meanwhile',
  async () => {
    const { server } = await startBuilt();
    await server.post('/api/conversations', { id: 'asks', permission_mode: 'default' });
    for (let number = 0; number < 4; number += 1)
      await server.chat({ conv_id: 'asks', message: `question ${number} ${'long '.repeat(300)}` });
    const asking = server.chat({ conv_id: 'asks', message: '[[tool:Bash touch x]][[text was allowed]]' });
    await server.prompts();
    const { page } = await openPhone({ serviceWorkers: 'block' });
    await signIn(page, server.url);
    await page.goto(`${server.url}/c/asks`);
    await box(page).fill('an old draft');
    await page.waitForTimeout(0);
    await page.evaluate(() => dispatchEvent(new Event('pagehide')));
    const open = await gate(page, '**/assets/*.js');
    await page.goto(`${server.url}/c/asks`, { waitUntil: 'commit' });
    await box(page).waitFor();
    await expect
      .poll(() =>
        page.locator('.messages').evaluate((own) => own.scrollHeight - own.scrollTop - own.clientHeight),
      )
      .toBeLessThan(3);
    await box(page).fill('typed early');
    await page.getByRole('button', { name: 'Allow', exact: true }).first().click();
    open();
    expect((await asking).response).toContain('was allowed');
    await expect.poll(() => box(page).inputValue()).toMatch(/an old draft\s+typed early/);
  },
);

verifies(
  'page.recovers',
  'starts if one of its scripts was lost at first, and renders Markdown once that part is loaded',
  async () => {
    const { server } = await startBuilt();
    await server.chat({ conv_id: 'default', message: '[[text It is **bold**.]]' });
    await server.post('/api/conversations', { id: 'asks', permission_mode: 'default' });
    const asking = server.chat({ conv_id: 'asks', message: '[[tool:Bash touch x]][[text was allowed]]' });
    await server.prompts();
    const { page, context } = await openPhone({ serviceWorkers: 'block', locale: 'de-DE' });
    const lost = new Set<string>();
    await context.route(/assets\/(index|common|markdown-blocks|prompt-card)-[^/]+\.js/, async (route) => {
      const name = /assets\/([a-z-]+)-/.exec(route.request().url())?.[1] ?? '';
      if (lost.has(name)) return route.continue();
      lost.add(name);
      return route.abort();
    });
    await page.goto(server.url);
    await until('the scripts', () => lost.has('common') && lost.has('index'));
    await until('a form that works', async () => {
      await page.getByLabel('Benutzer').fill('switchboard');
      await page.getByLabel('Passwort').fill('a long password for tests');
      return page
        .getByRole('button', { name: 'Anmelden' })
        .isEnabled({ timeout: 1000 })
        .catch(() => false);
    });
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await page.getByLabel('Nachricht', { exact: true }).waitFor();
    await page.goto(`${server.url}/c/default`);
    await page.locator('.assistant strong', { hasText: 'bold' }).waitFor();
    await page.goto(`${server.url}/c/asks`);
    await until('the lost card', () => lost.has('prompt-card'));
    await page.getByRole('button', { name: 'Erlauben', exact: true }).click();
    expect((await asking).response).toContain('was allowed');
    expect([...lost].sort()).toEqual(['common', 'index', 'markdown-blocks', 'prompt-card']);
  },
);

verifies(
  'page.delivery',
  'says that a file cannot be read any more, and lets the next message go when it was discarded',
  async () => {
    const { server, workspace } = await startBuilt();
    const { page } = await openPhone();
    await signIn(page, server.url);
    const path = join(workspace.root, 'gone.txt');
    await writeFile(path, 'soon gone');
    await page.setInputFiles('input[type=file][multiple]', path);
    await page.getByText('gone.txt').waitFor();
    await rm(path);
    await send(page, 'with a file');
    await page.getByText('A file can no longer be read').waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
    await send(page, 'without one\nof two lines');
    await answered(page, 'without one').waitFor();
    // With a file each line end stays what it is.
    await writeFile(path, 'here again');
    await page.setInputFiles('input[type=file][multiple]', path);
    await send(page, 'both\nends');
    await answered(page, 'both').waitFor();
    const { messages } = await server.messages('default');
    expect(messages.some(({ text }: { text: string }) => text.includes('both\nends'))).toBe(true);
    expect(JSON.stringify(messages)).not.toContain('both\\r\\nends');
  },
);

verifies('page.recovers', 'treats a captive portal as no connection', async () => {
  const { server } = await startBuilt();
  const { page, context } = await openPhone({ serviceWorkers: 'block' });
  await signIn(page, server.url);
  await send(page, 'hello');
  await answered(page, 'Echo: hello').waitFor();
  let asked = 0;
  await context.route('**/api/**', async (route) => {
    asked += 1;
    await route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Sign in to the train</h1>' });
  });
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.getByText(/No connection/).waitFor();
  const before = asked;
  await page.waitForTimeout(3000);
  expect(asked - before).toBeLessThan(20);
  await context.unroute('**/api/**');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await send(page, 'through again');
  await answered(page, 'Echo: through again').waitFor();
});
