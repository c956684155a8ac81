import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { answered, box, openPhone, pick, send, signIn } from '../helper/browser.ts';
import { startBuilt } from '../helper/packaged.ts';
import { packageRoot } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'page.use',
  'signs in, sends, reads the answer while it comes, and keeps it over a reload',
  async () => {
    const { server } = await startBuilt();
    const { page, faults, hosts } = await openPhone();
    await signIn(page, server.url);
    await send(page, '[[text Here is code:\n```js\nconst a = "<b>bold</b>";\n```\nand more.]]');
    await page.locator('.assistant code').getByText('const a = "<b>bold</b>";').waitFor();
    await send(page, '[[tool:Bash ls -la]][[slow 40 40ms]]');
    await page.getByText('word3', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.getByText('word40').waitFor();
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
    await page.locator('.picker').getByText('2 turns').waitFor();
    const summary = page.locator('summary', { hasText: 'Ran ls -la' });
    await summary.click();
    await page.locator('details[open] pre').first().waitFor();
    await page.reload();
    await page.getByText('word40').waitFor();
    await page.locator('.assistant code').first().waitFor();
    expect(faults).toEqual([]);
    expect([...hosts]).toEqual([new URL(server.url).host]);
  },
);

verifies(
  'page.use',
  'shows Markdown, tools in one line with a diff, thinking, a receipt, and nothing but words in the quiet view',
  async () => {
    const { server, workspace } = await startBuilt();
    await writeFile(join(workspace.project, 'a.txt'), 'one\ntwo\n');
    await server.post('/api/conversations', { id: 'default', allowed_tools: 'Bash' });
    const { page, faults } = await openPhone();
    await signIn(page, server.url);
    const file = join(workspace.project, 'a.txt');
    const edit = JSON.stringify({ file_path: file, old_string: 'two', new_string: '2\n3' });
    await send(
      page,
      [
        `[[think Hmm, a plan.]][[text First **words** and a [link](https://example.org/x).]]`,
        `[[tool:Read ${file}]][[tool:Edit ${edit}]]`,
        `[[tool:Bash git version; echo "Tests  1 failed | 4 passed (5)"; exit 3]]`,
        '[[text # Done\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n1. first\n2. second\n\n~~gone~~ and `code`]]',
      ].join(''),
    );
    await page.getByRole('heading', { name: 'Done' }).waitFor();
    await page.locator('.picker').getByText('1 turn ').waitFor();
    expect(await page.locator('strong', { hasText: 'words' }).count()).toBe(1);
    const link = page.getByRole('link', { name: 'link' });
    expect(await link.getAttribute('target')).toBe('_blank');
    expect(await link.getAttribute('rel')).toContain('noopener');
    expect(await page.locator('td', { hasText: '2' }).count()).toBe(1);
    const steps = page.locator('summary', { hasText: '3 steps' });
    await steps.click();
    await page.locator('summary', { hasText: 'Edited a.txt' }).click();
    await page.locator('.diff .added', { hasText: '3' }).waitFor();
    await page.locator('.diff .removed', { hasText: 'two' }).waitFor();
    const receipt = page.locator('details.receipt');
    await receipt.getByText('1 file').waitFor();
    await receipt.getByText('1 test failed').waitFor();
    await receipt.locator('summary').click();
    await receipt.locator('li .removed', { hasText: 'exit 3' }).waitFor();
    await page.getByRole('button', { name: 'Conversation menu' }).click();
    await page.getByLabel(/Quiet view/).check();
    await page.getByRole('button', { name: 'Close' }).click();
    await steps.waitFor({ state: 'detached' });
    await page.getByText('First words').waitFor();
    await receipt.waitFor();
    expect(faults).toEqual([]);
  },
);

verifies(
  'page.find',
  'makes a conversation in a chosen folder, renames, pins, archives, forks, and deletes it with an undo',
  async () => {
    const { server, workspace } = await startBuilt();
    const { page, faults } = await openPhone();
    const other = join(workspace.root, 'other');
    await mkdir(other);
    await server.chat({ message: 'about apples', conv_id: 'apples' });
    await signIn(page, server.url);
    await page.locator('.picker').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'New', exact: true }).click();
    await dialog.getByLabel('Name').fill('Pears & more');
    await dialog.getByRole('button', { name: 'Choose' }).click();
    await dialog.getByRole('button', { name: workspace.root, exact: true }).click();
    await dialog.getByRole('button', { name: 'other' }).click();
    await dialog.getByRole('button', { name: 'Use this folder' }).click();
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.locator('.picker').getByText('Pears & more').waitFor();
    expect(new URL(page.url()).pathname).toBe('/c/Pears-more');
    expect((await server.get('/api/conversations/Pears-more')).project).toBe(other);
    await send(page, 'about pears');
    await answered(page, 'Echo: about pears').waitFor();
    await pick(page, 'apples');
    await answered(page, 'Echo: about apples').waitFor();
    expect(await page.getByText('Echo: about pears').count()).toBe(0);
    await page.goBack();
    await answered(page, 'Echo: about pears').waitFor();
    await page.goForward();
    await answered(page, 'Echo: about apples').waitFor();

    await page.getByRole('button', { name: 'Conversation menu' }).click();
    await dialog.getByLabel('Rename').fill('Green apples');
    await dialog.getByRole('button', { name: 'Rename' }).click();
    await page.locator('.picker').getByText('Green apples').waitFor();
    await dialog.getByRole('button', { name: 'Pin' }).click();
    await dialog.getByRole('button', { name: 'Unpin' }).waitFor();
    await dialog.getByText(/claude --resume/).waitFor();
    await dialog.getByRole('button', { name: 'Fork' }).click();
    await until('the fork', async () => (await server.get('/api/conversations')).total === 3);
    await dialog.waitFor({ state: 'detached' });
    await answered(page, 'Echo: about apples').waitFor();

    await page.getByRole('button', { name: 'Conversation menu' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.locator('.picker').click();
    await dialog.getByLabel('Search conversations').fill('pears');
    expect(await dialog.locator('.conversation').count()).toBe(1);
    await dialog.getByLabel('Search conversations').fill('');
    await dialog.getByRole('region', { name: 'Pinned' }).getByText('Green apples').click();
    await page.getByRole('button', { name: 'Conversation menu' }).click();
    await dialog.getByRole('button', { name: 'Archive' }).click();
    await page.locator('.picker').click();
    await dialog.getByRole('button', { name: 'Show archived' }).click();
    await dialog.getByRole('region', { name: 'Archived' }).getByText('Green apples').waitFor();
    expect((await server.get('/api/conversations')).total).toBe(3);
    expect(faults).toEqual([]);
  },
);

verifies(
  'page.find',
  'deletes permanently without an undo, and opens a conversation by its address',
  async () => {
    const { server } = await startBuilt();
    const { page } = await openPhone();
    await server.chat({ message: 'one', conv_id: 'one' });
    await server.chat({ message: 'two', conv_id: 'two' });
    await signIn(page, server.url);
    await page.goto(`${server.url}/c/one`);
    await answered(page, 'Echo: one').waitFor();
    await page.getByRole('button', { name: 'Conversation menu' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await answered(page, 'Echo: two').waitFor();
    await until('the deletion', async () => (await server.send('/api/conversations/one')).status === 404);
  },
);

verifies(
  'page.keys',
  'is driven by the keyboard: palette, help, next conversation, Enter sends',
  async () => {
    const { server } = await startBuilt();
    const { page, faults } = await openPhone({
      viewport: { width: 1280, height: 800 },
      isMobile: false,
      hasTouch: false,
    });
    await server.chat({ message: 'one', conv_id: 'one' });
    await server.chat({ message: 'two', conv_id: 'two' });
    await signIn(page, server.url);
    await answered(page, 'Echo: two').waitFor();
    await page.locator('.side').getByRole('button', { name: 'one one' }).waitFor();
    await page.keyboard.press('j');
    await answered(page, 'Echo: one').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).getByText('Next conversation').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Go to' }).fill('two');
    await page.keyboard.press('Enter');
    await answered(page, 'Echo: two').waitFor();
    await page.keyboard.press('c');
    await page.keyboard.type('typed');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('here');
    await page.keyboard.press('Enter');
    await answered(page, /Echo: typed\s*here/).waitFor();
    expect(faults).toEqual([]);
  },
);

verifies('page.use', 'stops a turn and says what went wrong in words', async () => {
  const { server } = await startBuilt();
  const { page } = await openPhone({ colorScheme: 'dark' });
  await page.goto(server.url);
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText(/wrong/).waitFor();
  await signIn(page, server.url);
  await send(page, '[[slow 400 40ms]]');
  await page.getByText('word5').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText('You stopped this turn.').waitFor();
  await page.getByText('word5').first().waitFor();
  await send(page, '[[error 404]]');
  await page.getByText(/model does not exist/).waitFor();
  await page.getByText(/Choose another model/).waitFor();
  await send(page, 'and on');
  await answered(page, 'Echo: and on').waitFor();
});

verifies(
  'page.compose',
  'keeps drafts, completes commands and files, attaches, keeps snippets, and changes how it runs',
  async () => {
    const { server, workspace, api } = await startBuilt();
    await writeFile(join(workspace.project, 'README-first.md'), 'x');
    await server.post('/api/conversations', { id: 'default' });
    const { page, faults } = await openPhone();
    await signIn(page, server.url);
    await box(page).fill('half a thought');
    await page.reload();
    await expect.poll(() => box(page).inputValue()).toBe('half a thought');
    await expect.poll(() => page.getByRole('button', { name: 'Send', exact: true }).isEnabled()).toBe(true);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('button', { name: 'Snippets' }).click();
    await page.getByRole('button', { name: 'Save as snippet' }).click();
    await page.getByRole('button', { name: 'Close' }).click();
    await until(
      'the menu',
      async () => (await server.get('/api/conversations/default/menu')).commands.length > 0,
    );
    await box(page).fill('');
    await box(page).pressSequentially('/comp');
    await page.getByRole('option', { name: /^compact/ }).click();
    expect(await box(page).inputValue()).toBe('/compact ');
    await box(page).fill('');
    await box(page).pressSequentially('look at @readme');
    await page.getByRole('option', { name: 'README-first.md' }).click();
    expect(await box(page).inputValue()).toBe('look at @README-first.md ');
    await box(page).press('Enter');
    expect(await box(page).inputValue()).toContain('\n');
    await page.setInputFiles('input[type=file][multiple]', [
      {
        name: 'dot.png',
        mimeType: 'image/png',
        buffer: readFileSync(join(packageRoot, 'frontend/public/icon-192.png')),
      },
      { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('some notes') },
    ]);
    await page.getByRole('list', { name: 'Attachments' }).locator('img').waitFor();
    await page.getByRole('button', { name: 'Remove notes.txt' }).click();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await answered(page, 'Echo:').waitFor();
    const asked = api.received.find(({ texts }) => texts.some((text) => text.includes('look at @README')));
    expect(JSON.stringify(asked?.body)).toContain('"type":"image"');
    expect(await page.locator('.user .attached').count()).toBe(1);

    await page.getByRole('button', { name: 'Run settings' }).click();
    await page.getByRole('combobox', { name: 'Mode', exact: true }).selectOption({ label: 'Plan' });
    await page.getByLabel('Effort').selectOption('high');
    await page.getByRole('combobox', { name: 'Model', exact: true }).selectOption({ index: 2 });
    await page.getByLabel(/Budget of this/).pressSequentially('2.5');
    await page.getByRole('button', { name: 'Close' }).click();
    const changed = await until('the changes', async () => {
      const found = await server.get('/api/conversations/default');
      return found.max_cost_usd === 2.5 && found.model !== null && found;
    });
    expect(changed).toMatchObject({ permission_mode: 'plan', effort: 'high' });
    expect(faults).toEqual([]);
  },
);

verifies(
  'page.small',
  'weighs at most 60 KB at first, in two round trips, compressed and kept, and has its first screen in its HTML',
  async () => {
    const folder = join(packageRoot, 'dist', 'frontend');
    const html = readFileSync(join(folder, 'index.html'), 'utf8');
    const first = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => String(path));
    const scripts = new Set(first);
    for (const path of first.filter((name) => name.endsWith('.js'))) {
      const source = readFileSync(join(folder, path), 'utf8');
      for (const [, name] of source.matchAll(/(?:from|import)"\.\/([^"]+)"/g)) scripts.add(`/assets/${name}`);
    }
    const bytes = [...scripts].reduce(
      (sum, path) => sum + gzipSync(readFileSync(join(folder, path)), { level: 9 }).length,
      0,
    );
    expect(readdirSync(join(folder, 'assets')).length).toBeGreaterThan(scripts.size);
    expect(bytes).toBeLessThanOrEqual(60 * 1024);

    const { server } = await startBuilt();
    await server.chat({ message: 'in the first **HTML**', conv_id: 'a' });
    const { page, context, hosts, faults } = await openPhone();
    await signIn(page, server.url);
    const encodings = new Set<string>();
    context.on('response', (response) => {
      if (response.url().includes('/assets/'))
        encodings.add(`${response.headers()['content-encoding']} ${response.headers()['cache-control']}`);
    });
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    const served = await (await fetch(`${server.url}/c/a`, { headers: { cookie } })).text();
    expect(served).toMatch(/Echo: in the first <strong>HTML<\/strong>/);
    expect(await (await fetch(server.url)).text()).not.toContain('Echo');
    const bare = await context
      .browser()
      ?.newContext({ javaScriptEnabled: false, storageState: await context.storageState() });
    const still = await bare?.newPage();
    await still?.goto(`${server.url}/c/a`);
    await still?.getByText('Echo: in the first HTML').waitFor();

    await send(
      page,
      `${'long'.repeat(200)} [[text ${'unbroken'.repeat(100)}\n\`\`\`\n${'code '.repeat(100)}\n\`\`\`\n]]`,
    );
    await page.locator('.assistant pre').waitFor();
    for (const width of [320, 390]) {
      await page.setViewportSize({ width, height: 700 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
    expect([...hosts]).toEqual([new URL(server.url).host]);
    // What is shorter than a packet is not worth compressing.
    for (const encoding of encodings)
      expect(encoding).toMatch(/^(gzip|br|deflate|undefined) public, max-age=31536000, immutable$/);
    expect(faults).toEqual([]);
    expect(existsSync(join(folder, 'sw.js'))).toBe(true);
  },
);
