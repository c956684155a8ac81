import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { answered, box, openAll, openPhone, signIn } from '../helper/browser.ts';
import { startBuilt } from '../helper/packaged.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const sizes = [
  { name: 'phone', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  { name: 'small', viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true },
  { name: 'tablet', viewport: { width: 768, height: 1024 }, hasTouch: true, isMobile: true },
  { name: 'desk', viewport: { width: 1280, height: 800 }, hasTouch: false, isMobile: false },
] as const;

const parts = ['look', 'notifications', 'connect', 'devices', 'rules', 'audit', 'status', 'api'];

/** Where nothing comes from another origin, axe needs no second page to put its findings together. */
async function violationsOf(page: Page, rules: string[] = []) {
  const axe = new AxeBuilder({ page: page as never }).setLegacyMode();
  return (await (rules.length ? axe.withRules(rules) : axe).analyze()).violations;
}

/** What axe finds wrong, in one line each; and what is wider than the screen. */
async function look(page: Page, screen: string): Promise<string[]> {
  if (process.env['SHOTS']) {
    mkdirSync(process.env['SHOTS'], { recursive: true });
    await page.screenshot({ path: join(process.env['SHOTS'], `${screen}.png`) });
  }
  // At other sizes the same elements only move: axe checks the screens that have a different layout.
  const isWhole = screen.includes('-phone-') || /-(work|asks|list)$/.test(screen);
  // In the dark the same elements have other colours.
  const violations = isWhole
    ? await violationsOf(page, screen.startsWith('dark') ? ['color-contrast', 'link-in-text-block'] : [])
    : [];
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${screen}: ${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
  );
  const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  const small = await page.evaluate(() =>
    [
      ...document.querySelectorAll<HTMLElement>(
        'button, select, input:not([type=checkbox], [type=radio]), textarea',
      ),
    ]
      .filter((one) => one.offsetParent !== null && !one.matches('.when, .copy'))
      .filter(
        (one) =>
          one.getBoundingClientRect().height < 43.5 ||
          Number.parseFloat(getComputedStyle(one).fontSize) <
            (one.matches('input, select, textarea') ? 16 : 0),
      )
      .map((one) => one.outerHTML.slice(0, 80)),
  );
  return [
    ...found,
    ...(isWide ? [`${screen}: scrolls sideways`] : []),
    ...small.map((html) => `${screen}: small ${html}`),
  ];
}

for (const colorScheme of ['light', 'dark'] as const) {
  verifies(
    'page.access',
    `passes axe on every screen and at every size, with nothing too wide or too small (${colorScheme})`,
    async () => {
      const { server, workspace } = await startBuilt();
      await server.post('/api/conversations', { id: 'work', allowed_tools: 'Bash' });
      await server.chat({
        conv_id: 'work',
        message: `[[think Let me see.]][[tool:Bash ls]][[tool:Edit ${JSON.stringify({ file_path: join(workspace.project, 'x'), old_string: 'a', new_string: 'b' })}]][[text # Result\n\nSome **words**, a [link](https://example.org).\n\n\`\`\`js\nconst a = 1; // note\n\`\`\`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n\nשלום עולם]]`,
      });
      await server.chat({ conv_id: 'broken', message: '[[error 404]]' });
      await server.post('/api/conversations', { id: 'asks', permission_mode: 'default' });
      await server.accept('asks', { message: '[[tool:Bash rm -rf ../x]]' });
      await server.post('/api/conversations', { id: 'question', permission_mode: 'default' });
      await server.accept('question', { message: '[[asks Which sizes?|S|M|L]]' });
      await server.post('/api/conversations', { id: 'plan', permission_mode: 'plan' });
      await server.accept('plan', { message: '[[plan First this.\n\n1. One\n2. Two]]' });
      await server.prompts(3);
      const findings: string[] = [];
      for (const { name, ...options } of colorScheme === 'light' ? sizes : sizes.slice(0, 1)) {
        const { page, faults } = await openPhone({ ...options, colorScheme });
        const at = (screen: string) => `${colorScheme}-${name}-${screen}`;
        await page.goto(server.url);
        await page.getByRole('button', { name: 'Sign in' }).waitFor();
        findings.push(...(await look(page, at('login'))));
        await signIn(page, server.url);
        for (const id of ['work', 'broken', 'asks', 'question', 'plan']) {
          await page.goto(`${server.url}/c/${id}`);
          await page.locator('.picker').getByText(id, { exact: true }).waitFor();
          if (id === 'work') {
            await page.getByRole('heading', { name: 'Result' }).waitFor();
            await openAll(page);
            await page.locator('.hljs-keyword').waitFor();
            await page.locator('.diff').first().waitFor();
          } else if (id !== 'broken')
            await page.getByRole('region', { name: /permission|question|plan/ }).waitFor();
          findings.push(...(await look(page, at(id))));
        }
        await page.getByRole('button', { name: /^\d+ waiting for you$/ }).click();
        findings.push(...(await look(page, at('prompts'))));
        await page.getByRole('button', { name: 'Close' }).click();
        await page.locator('.picker').click();
        findings.push(...(await look(page, at('list'))));
        await page.getByRole('dialog').getByRole('button', { name: 'New', exact: true }).click();
        await page.getByRole('button', { name: 'Choose' }).click();
        await page.getByText('Choose a folder').waitFor();
        findings.push(...(await look(page, at('folders'))));
        await page.getByRole('button', { name: 'Close' }).click();
        await page.getByRole('button', { name: 'Conversation menu' }).click();
        await page.getByRole('dialog').getByLabel('Rename').waitFor();
        findings.push(...(await look(page, at('menu'))));
        await page.getByRole('button', { name: 'Close' }).click();
        await page.getByRole('button', { name: 'Run settings' }).click();
        await page
          .getByRole('dialog')
          .getByLabel(/Budget of this/)
          .waitFor();
        findings.push(...(await look(page, at('options'))));
        await page.getByRole('button', { name: 'Close' }).click();
        // The widest and the narrowest are enough for what is one column at all sizes.
        for (const part of ['', ...(['phone', 'small'].includes(name) ? parts : [])]) {
          await page.goto(`${server.url}/settings/${part}`);
          await page.getByRole('heading', { level: 1 }).waitFor();
          if (part === 'connect')
            await page
              .getByRole('button', { name: 'Link for another device' })
              .click()
              .then(() => page.getByRole('img', { name: 'QR code' }).waitFor());
          if (part === 'status') await page.getByText('Live processes').waitFor();
          if (part === 'notifications') await page.getByText('Quiet hours').waitFor();
          findings.push(...(await look(page, at(`settings-${part || 'all'}`))));
        }
        await page.goto(`${server.url}/sessions`);
        await page.locator('.conversation').first().waitFor();
        findings.push(...(await look(page, at('sessions'))));
        await until('the index', async () => (await server.get('/api/search?q=words')).hits.length);
        await page.getByLabel('Search all messages').fill('words');
        await page.locator('.hits mark').first().waitFor();
        findings.push(...(await look(page, at('found'))));
        await page.locator('.hits button').first().click();
        await page.getByRole('button', { name: 'What happened' }).click();
        await page.locator('.card').waitFor();
        findings.push(...(await look(page, at('session'))));
        findings.push(...faults.map((fault) => `${name}: ${fault}`));
        await page.context().close();
      }
      expect(findings).toEqual([]);
    },
    240_000,
  );
}

verifies(
  'page.access',
  'speaks German if the browser does, and reads from right to left if the text does',
  async () => {
    const { server } = await startBuilt();
    await server.chat({ conv_id: 'work', message: 'שלום [[text שלום עולם]]' });
    const { page, faults } = await openPhone({ locale: 'de-DE' });
    await page.goto(server.url);
    await page.getByLabel('Benutzer').fill('switchboard');
    await page.getByLabel('Passwort').fill('a long password for tests');
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await page.getByLabel('Nachricht', { exact: true }).waitFor();
    await answered(page, 'שלום עולם').waitFor();
    expect(
      await page.evaluate(
        () => getComputedStyle(document.querySelector('.assistant .markdown p') as Element).direction,
      ),
    ).toBe('rtl');
    await page.reload();
    await page.locator('.picker').getByText('1 Durchgang').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    expect((await violationsOf(page)).map(({ id }) => id)).toEqual([]);
    expect(faults).toEqual([]);
    await page.getByRole('button', { name: 'Einstellungen' }).click();
    await page.getByRole('button', { name: 'Darstellung und Tastatur' }).click();
    await page.getByRole('combobox', { name: 'Sprache' }).selectOption('en');
    await page.getByRole('heading', { name: 'Appearance and keyboard' }).waitFor();
    await page.getByRole('combobox', { name: 'Theme' }).selectOption('dark');
    await page.getByRole('combobox', { name: 'Text size' }).selectOption('huge');
    await page.goto(server.url);
    await box(page).waitFor();
    expect(
      await page.evaluate(() => [
        document.documentElement.dataset['theme'],
        getComputedStyle(document.documentElement).fontSize,
      ]),
    ).toEqual(['dark', '21px']);
  },
);
