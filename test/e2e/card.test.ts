import fc from 'fast-check';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { visible } from '../../contract/visible.ts';
import { openPhone, send, signIn } from '../helper/browser.ts';
import { startTestApi } from '../helper/server.ts';
import { startServerProcess } from '../helper/server-process.ts';
import { createWorkspace, serverEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

async function startPhone(options: BrowserContextOptions = {}) {
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const server = await startServerProcess(workspace, serverEnv(workspace, api));
  const phone = await openPhone(options);
  await signIn(phone.page, server.url);
  const ask = async (id: string, message: string) => {
    await server.post('/api/conversations', { id, permission_mode: 'default' });
    await server.accept(id, { message });
    await server.prompts();
    await phone.page.goto(`${server.url}/c/${id}`);
    await phone.page.locator('.prompt').first().waitFor();
  };
  return { server, ask, ...phone };
}

/** The parts of the card that are out of sight without a scroll position: sideways, or in a scroll box. */
const hiddenIn = (page: Page) =>
  page.locator('.prompt').evaluate((card) => {
    const all = [card, ...card.querySelectorAll('*')].filter(
      (one) => !one.closest('select, .note-text, .unseen'),
    );
    return all
      .filter(
        (one) =>
          one.scrollWidth > one.clientWidth + 1 &&
          one.clientWidth > 0 &&
          getComputedStyle(one).display !== 'inline',
      )
      .map((one) => one.className);
  });

const topOf = (page: Page) =>
  page
    .locator('.prompt')
    .first()
    .evaluate(
      (card) =>
        card.getBoundingClientRect().top - (card.closest('.messages')?.getBoundingClientRect().top ?? 0),
    );

const tool = (name: string, input: object) => `[[tool:${name} ${JSON.stringify(input)}]]`;

verifies(
  'prompt.shown',
  'opens a long card at its top, requires truncated values to be opened before Allow, and reports a denial',
  async () => {
    const { page, ask, server, faults } = await startPhone();
    const long = Array.from({ length: 80 }, (_, index) => `echo line ${index}`).join('\n');
    const words = Array.from({ length: 40 }, (_, index) => `Paragraph ${index}.`).join('\n\n');
    await ask(
      'long',
      `[[text ${words}]]${tool('Bash', { command: `${long}\ntouch EVIL`, description: 'so many words '.repeat(100) })}[[text done]]`,
    );
    const card = page.locator('.prompt');
    await expect.poll(() => topOf(page)).toBeGreaterThanOrEqual(0);
    expect(await topOf(page)).toBeLessThan(400);
    await page.getByText('Wants to run').waitFor();
    const allow = card.getByRole('button', { name: 'Allow', exact: true });
    expect(await allow.isDisabled()).toBe(true);
    expect(await card.getByLabel('Allow for a while').isDisabled()).toBe(true);
    // A forced click does nothing either.
    await allow.click({ force: true });
    await card.getByText('touch EVIL').waitFor();
    const note = card.locator('.note-text');
    expect(
      await note.evaluate(
        (one) => one.getBoundingClientRect().height / Number.parseFloat(getComputedStyle(one).lineHeight),
      ),
    ).toBeLessThan(2.3);
    await card.getByRole('button', { name: '… 78 more lines' }).click();
    await card.getByText('echo line 40').waitFor();
    await expect.poll(() => allow.isEnabled()).toBe(true);
    // Opened, the card is longer than the screen: it is still at its top, and Allow is below.
    expect(await topOf(page)).toBeGreaterThanOrEqual(0);
    expect(await allow.evaluate((one) => one.getBoundingClientRect().top)).toBeGreaterThan(844);
    await card.getByRole('button', { name: 'Deny with a reason' }).click();
    expect(await card.getByRole('button', { name: /^(Allow|Deny|Deny and stop)$/ }).count()).toBe(0);
    await card.getByRole('button', { name: 'Cancel' }).click();
    await card.getByRole('button', { name: 'Deny with a reason' }).click();
    await card.getByLabel('Message for Claude').fill('Too long.');
    await card.getByRole('button', { name: 'Deny and send' }).click();
    await page.getByText('You denied:').waitFor();
    await page.locator('.receipt', { hasText: '1 denied' }).waitFor();
    expect(await page.locator('.messages').innerText()).not.toMatch(/Ran |failed/);
    await page.reload();
    await page.getByText('You denied:').waitFor();
    await page.locator('.receipt', { hasText: '1 denied' }).waitFor();
    expect(await page.locator('.messages').innerText()).not.toMatch(/Ran |failed/);
    // The same in another language.
    await page.goto(`${server.url}/settings/look`);
    await page.locator('select', { has: page.locator('option[value="de"]') }).selectOption('de');
    await page.goto(`${server.url}/c/long`);
    await page.getByText('Du hast abgelehnt:').waitFor();
    expect(faults).toEqual([]);
  },
);

verifies(
  'prompt.shown',
  'shows each name and value of generated inputs at phone size, with nothing out of sight',
  async () => {
    const { page, ask } = await startPhone({ serviceWorkers: 'block' });
    const text = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom(
        '\u202eevil',
        'a\u200bb',
        ' '.repeat(200),
        'x'.repeat(300),
        '\t\t\tfar',
        'a\r\nb',
        '[object Object]',
        'ж'.repeat(90),
        '<b>x</b>',
      ),
    );
    const value = fc.letrec((tie) => ({
      one: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.constantFrom(null, false, true, 0, 12.5),
        fc.array(tie('one'), { maxLength: 3 }),
        fc.dictionary(text, tie('one'), { maxKeys: 3 }),
      ),
    })).one;
    const samples = fc.sample(fc.dictionary(text, value, { minKeys: 1, maxKeys: 5 }), {
      numRuns: 25,
      seed: 7,
    });
    await ask('odd', `${tool('Bash', { command: 'touch x' })}[[text done]]`);
    await page.route('**/api/**', (route) => route.abort());
    for (const input of samples) {
      // Without the server's rendering, the page renders the data in its HTML; its other requests are cut
      // off.
      await page.route('**/c/odd', async (route) => {
        const response = await route.fetch();
        const json = JSON.stringify(input).replaceAll('<', '\\u003c');
        const html = (await response.text()).replaceAll(
          /"tool":"Bash","input":\{[^}]*\}/g,
          () => `"tool":"mcp__m__do","input":${json}`,
        );
        await route.fulfill({
          response,
          body: html.replace(
            /<div id="app">.*?(?=<script type="application\/json" id="boot">)/s,
            '<div id="app"></div>',
          ),
        });
      });
      await page.reload();
      const card = page.locator('.prompt').first();
      await card.getByText('mcp__m__do').waitFor();
      const shown = await card.innerText();
      const flat = shown.replaceAll(/\s+/g, ' ');
      for (const leaf of leavesOf(input))
        expect(flat, JSON.stringify({ input, leaf })).toContain(visible(leaf).replaceAll(/\s+/g, ' ').trim());
      expect(await hiddenIn(page), JSON.stringify(input)).toEqual([]);
      await page.unroute('**/c/odd');
    }
  },
);

function leavesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [JSON.stringify(value)];
  const inner = Object.entries(value);
  if (!inner.length) return [JSON.stringify(value)];
  return inner.flatMap(([key, one]) => [...(Array.isArray(value) ? [] : [key]), ...leavesOf(one)]);
}

verifies(
  'page.small',
  'keeps the row of the composer on one line when the context meter and all buttons are there',
  async () => {
    const { page, ask, server, faults } = await startPhone();
    await server.post('/api/conversations', { id: 'full' });
    await page.goto(`${server.url}/c/full`);
    await send(page, '[[text hello]]');
    const meter = page.locator('.composer-bar .mode small');
    await meter.waitFor();
    const height = () => page.locator('.composer-bar').evaluate((bar) => bar.getBoundingClientRect().height);
    const fits = () =>
      page
        .locator('.composer-bar')
        .evaluate(
          (bar) =>
            bar.scrollWidth <= bar.clientWidth &&
            [...bar.children].every((one) => one.getBoundingClientRect().height <= 52),
        );
    for (const width of [390, 320]) {
      await page.setViewportSize({ width, height: 844 });
      expect([await height(), await fits()], String(width)).toEqual([44, true]);
    }
    await ask('busy', `${tool('Bash', { command: 'touch x' })}[[text done]]`);
    await page.getByLabel('Message', { exact: true }).fill('more');
    for (const width of [390, 320]) {
      await page.setViewportSize({ width, height: 844 });
      expect([await height(), await fits()], String(width)).toEqual([44, true]);
    }
    expect(faults).toEqual([]);
  },
);

verifies('prompt.shown', 'takes no tap that was meant for the card before', async () => {
  const { server, page, ask } = await startPhone();
  await server.post('/api/conversations', { id: 'one', permission_mode: 'default' });
  await server.accept('one', { message: tool('Bash', { command: 'touch one' }) });
  await ask('two', tool('Bash', { command: 'touch two' }));
  await server.prompts(2);
  await page.getByRole('button', { name: '2 waiting for you' }).click();
  const allow = page.getByRole('dialog').getByRole('button', { name: 'Allow', exact: true });
  await expect.poll(() => allow.count()).toBe(2);
  // A second tap at the same place, as soon as the next card has moved there.
  const second = page.evaluate(
    () =>
      new Promise<string | null>((resolve) => {
        const dialog = document.querySelector('[role=dialog]') ?? document.body;
        const before = dialog.querySelectorAll('.prompt').length;
        new MutationObserver((_, observer) => {
          if (dialog.querySelectorAll('.prompt').length === before) return;
          observer.disconnect();
          requestAnimationFrame(() =>
            requestAnimationFrame(() => {
              const button = [...dialog.querySelectorAll('button')].find(
                ({ textContent }) => textContent === 'Allow',
              );
              button?.click();
              resolve(button ? String(button.disabled) : null);
            }),
          );
        }).observe(dialog, { childList: true, subtree: true });
      }),
  );
  await allow.first().click();
  expect(await second).toBe('true');
  await allow.first().click();
  await expect.poll(() => allow.count()).toBe(0);
});
