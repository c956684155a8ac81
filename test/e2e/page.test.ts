import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { openPhone, send, signIn } from '../helper/browser.ts';
import { packageRoot, startTestApi } from '../helper/server.ts';
import { freePort, startServerProcess } from '../helper/server-process.ts';
import { createWorkspace, serverEnv, type Workspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

async function startAll(workspace?: Workspace, more: Record<string, string> = {}) {
  const space = workspace ?? (await createWorkspace());
  const api = await startTestApi();
  const env = serverEnv(space, api, more);
  return { workspace: space, api, env, server: await startServerProcess(space, env) };
}

verifies('page.use', 'signs in, sends, reads the answer while it comes, and keeps it over a reload', async () => {
  const { server } = await startAll();
  const { page, faults } = await openPhone();
  await signIn(page, server.url);
  await send(page, '[[text Here is code:\n```js\nconst a = "<b>bold</b>";\n```\nand more.]]');
  await page.locator('.assistant code').getByText('const a = "<b>bold</b>";').waitFor();
  await send(page, '[[tool:Bash ls -la]][[slow 40 40ms]]');
  await page.getByText('word3', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  await page.getByText('word40').waitFor();
  await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
  await page.locator('.facts').getByText('2 turns').waitFor();
  const summary = page.locator('summary', { hasText: 'Bash ls -la' });
  await summary.click();
  await page.locator('details[open] pre').first().waitFor();
  await page.reload();
  await page.getByText('word40').waitFor();
  await page.locator('.assistant code').waitFor();
  expect(faults).toEqual([]);
});

verifies('page.use', 'makes a conversation in a folder, picks one from the dropdown, and shows its address', async () => {
  const { server, workspace } = await startAll();
  const { page, faults } = await openPhone();
  const other = join(workspace.root, 'other');
  await mkdir(other);
  await server.chat({ message: 'about apples', conv_id: 'apples' });
  await signIn(page, server.url);
  await page.getByRole('button', { name: 'New' }).click();
  await page.getByLabel('Name').fill('pears');
  await page.getByLabel(/Project folder/).fill(other);
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByText(other).waitFor();
  expect(new URL(page.url()).pathname).toBe('/c/pears');
  await send(page, 'about pears');
  await page.getByText('Echo: about pears').waitFor();
  const choice = page.getByLabel('Conversation');
  await choice.selectOption('apples');
  await page.getByText('Echo: about apples').waitFor();
  expect(await page.getByText('Echo: about pears').count()).toBe(0);
  const options = await choice.locator('option').allTextContents();
  expect(options.find((text) => text.startsWith('apples'))).toMatch(/apples · 1 turn · .* · about apples/);
  await page.goBack();
  await page.getByText('Echo: about pears').waitFor();
  expect(faults).toEqual([]);
});

verifies('page.use', 'stops a turn and says what went wrong in words', async () => {
  const { server } = await startAll();
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
  await page.getByText('word5').waitFor();
  await send(page, '[[error 404]]');
  await page.getByText(/model does not exist/).waitFor();
  await page.getByText(/Choose another model/).waitFor();
  await send(page, 'and on');
  await page.getByText('Echo: and on').waitFor();
});

verifies('page.recovers', 'comes back after the server was killed in mid answer and started anew', async () => {
  const port = String(await freePort());
  const { server, workspace, env } = await startAll(undefined, { PORT: port });
  const { page } = await openPhone();
  await signIn(page, server.url);
  await send(page, 'first');
  await page.getByText('Echo: first').waitFor();
  await send(page, '[[slow 400 40ms]]');
  await page.getByText('word5').waitFor();
  await server.kill();
  await page.getByText('Connection lost').waitFor();
  await startServerProcess(workspace, env);
  await page.getByText(/server stopped while the turn was running/).waitFor();
  await page.getByText('Connection lost').waitFor({ state: 'detached' });
  await page.getByText('word5').waitFor();
  await send(page, 'usable again');
  await page.getByText('Echo: usable again').waitFor();
});

verifies('page.recovers', 'keeps the draft, and sends a message whose acceptance was lost only once', async () => {
  const { server, api } = await startAll();
  const { page, context } = await openPhone();
  await signIn(page, server.url);
  await page.getByLabel('Message', { exact: true }).fill('half a thought');
  await page.reload();
  await expect.poll(() => page.getByLabel('Message', { exact: true }).inputValue()).toBe('half a thought');
  let lost = 0;
  await context.route('**/turns', async (route) => {
    if (lost) return route.continue();
    lost += 1;
    await route.fetch();
    await route.abort();
  });
  await send(page, 'only once');
  await page
    .getByRole('alert')
    .getByText(/cannot be reached/)
    .waitFor();
  expect(await page.getByLabel('Message', { exact: true }).inputValue()).toBe('only once');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Echo: only once').waitFor();
  expect(lost).toBe(1);
  expect(api.received.filter(({ texts }) => texts.includes('only once'))).toHaveLength(1);
});

verifies('page.small', 'weighs at most 30 KB, asks no other host, and fits a phone', async () => {
  const folder = join(packageRoot, 'dist', 'frontend', 'assets');
  const bytes = readdirSync(folder).map((name) => gzipSync(readFileSync(join(folder, name))).length);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(30 * 1024);
  const { server } = await startAll();
  const { page } = await openPhone();
  const hosts = new Set<string>();
  const encodings = new Set<string>();
  page.on('response', (response) => {
    hosts.add(new URL(response.url()).host);
    if (response.url().includes('/assets/')) encodings.add(`${response.headers()['content-encoding']} ${response.headers()['cache-control']}`);
  });
  await signIn(page, server.url);
  await send(page, `${'long'.repeat(200)} [[text ${'unbroken'.repeat(100)}\n\`\`\`\n${'code '.repeat(100)}\n\`\`\`\n]]`);
  await page.locator('.assistant pre').waitFor();
  for (const width of [320, 390]) {
    await page.setViewportSize({ width, height: 700 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }
  expect([...hosts]).toEqual([new URL(server.url).host]);
  for (const encoding of encodings) expect(encoding).toMatch(/^(gzip|br|deflate) public, max-age=31536000, immutable$/);
});
