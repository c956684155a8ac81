import { copyFile, cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import {
  answered,
  box,
  isConnectionFault,
  openPhone,
  pick,
  send,
  signIn,
  waitForWorker,
} from '../helper/browser.ts';
import { seeded, startBadLine } from '../helper/flaky-network.ts';
import { startBuilt } from '../helper/packaged.ts';
import { packageRoot } from '../helper/server.ts';
import { freePort, startServerProcess } from '../helper/server-process.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

/** What a person reads on the page, without times and signs. */
const readable = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [
      ...document.querySelectorAll(
        '.messages .user > p:first-child, .messages .markdown, .messages .tool-line .object',
      ),
    ].map((one) => (one.textContent ?? '').replaceAll(/\s+/g, ' ')),
  );

verifies(
  'page.recovers',
  'comes to the same state over 100 cuts at random bytes as a page that was never cut',
  async () => {
    const { server } = await startBuilt();
    await server.post('/api/conversations', { id: 'default', allowed_tools: 'Bash' });
    const random = seeded(11);
    const line = await startBadLine(server.url, random);
    const { page, faults } = await openPhone();
    const steady = await openPhone();
    await signIn(page, line.url);
    await signIn(steady.page, server.url);
    line.cutAfter = () => 1300 + Math.floor(random() * 2000);
    // The line that is open goes too: each new one is cut.
    line.down();
    line.up();
    const words = 300;
    let turns = 0;
    while (line.cuts < 100) {
      turns += 1;
      const { turn_id } = await server.accept('default', {
        message: `[[think Hmm]][[tool:Bash echo ${turns}]][[slow ${words} 8ms]][[text End ${turns}.]]`,
        follow: true,
      });
      await server.end(turn_id, 60);
    }
    line.cutAfter = null;
    await answered(page, `End ${turns}.`).waitFor();
    await answered(steady.page, `End ${turns}.`).waitFor();
    await until(
      'the same words on both',
      async () => JSON.stringify(await readable(page)) === JSON.stringify(await readable(steady.page)),
    );
    const whole = Array.from({ length: words }, (_, index) => `word${index + 1}`).join(' ');
    const answers = (await readable(page)).filter((text) => text.includes('word1 '));
    expect(answers.length).toBeGreaterThan(3);
    for (const answer of answers) expect(answer).toBe(whole);
    expect(await box(page).isEnabled()).toBe(true);
    await send(page, 'still usable');
    await answered(page, 'Echo: still usable').waitFor();
    expect(faults.filter((fault) => !isConnectionFault(fault))).toEqual([]);
    expect(line.cuts).toBeGreaterThanOrEqual(100);
  },
  180_000,
);

verifies('page.recovers', 'recovers after the server was killed during an answer and restarted', async () => {
  const port = String(await freePort());
  const { server, workspace, env } = await startBuilt({ PORT: port });
  const { page } = await openPhone();
  await signIn(page, server.url);
  await send(page, 'first');
  await answered(page, 'Echo: first').waitFor();
  await send(page, '[[slow 400 40ms]]');
  await page.getByText('word5').waitFor();
  await server.kill();
  await page.getByText('No connection').waitFor();
  await startServerProcess(workspace, env);
  await page.getByText(/server stopped while the turn was running/).waitFor();
  await page.getByText('No connection').waitFor({ state: 'detached' });
  await page.getByText('word5').first().waitFor();
  await send(page, 'usable again');
  await answered(page, 'Echo: usable again').waitFor();
});

verifies('page.recovers', 'uses long polls if a proxy buffers streams, and says so', async () => {
  const { server } = await startBuilt();
  const line = await startBadLine(server.url);
  line.holdsStreams = true;
  const { page } = await openPhone();
  await signIn(page, line.url);
  await page.getByText(/buffering responses/).waitFor();
  await send(page, 'by polls');
  await answered(page, 'Echo: by polls').waitFor();
});

verifies(
  'page.recovers',
  'works with a latency of 300 ms and one lost connection in twenty, with at most one status line',
  async () => {
    const { server } = await startBuilt();
    const line = await startBadLine(server.url, seeded(3));
    const { page } = await openPhone();
    await signIn(page, line.url);
    line.delayMs = 300;
    line.loss = 0.05;
    await page.evaluate(() => {
      const seen = { most: 0 };
      Object.assign(window, { seen });
      new MutationObserver(() => {
        seen.most = Math.max(seen.most, document.querySelectorAll('.line, .main > .problem').length);
      }).observe(document.body, { childList: true, subtree: true });
    });
    for (const number of [1, 2, 3, 4]) {
      await send(page, `far away ${number}`);
      await answered(page, `Echo: far away ${number}`).waitFor();
    }
    expect(
      await page.evaluate(() => (window as unknown as { seen: { most: number } }).seen.most),
    ).toBeLessThanOrEqual(1);
    expect(await page.locator('.user').count()).toBe(4);
  },
);

verifies(
  'page.recovers',
  'is where it was after sleep and a change of network, without a reload',
  async () => {
    const { server } = await startBuilt();
    await server.post('/api/conversations', { id: 'default' });
    const line = await startBadLine(server.url);
    const { page, context } = await openPhone();
    await signIn(page, line.url);
    await page.evaluate(() => Object.assign(window, { stayed: true }));
    line.down();
    const { turn_id } = await server.accept('default', { message: 'while it slept' });
    await server.end(turn_id);
    await page.getByText('No connection').waitFor();
    line.up();
    await context.setOffline(true);
    await context.setOffline(false);
    await answered(page, 'Echo: while it slept').waitFor();
    await page.getByText('No connection').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => (window as unknown as { stayed?: boolean }).stayed)).toBe(true);
  },
);

verifies(
  'page.recovers',
  'offers to reload a page from before an update, brings the new one, and keeps what was begun',
  async () => {
    const port = String(await freePort());
    const { server, workspace, env } = await startBuilt({ PORT: port });
    const { page } = await openPhone();
    await signIn(page, server.url);
    await waitForWorker(page);
    await box(page).fill('half a thought');
    await server.stop();
    // The same server with another build of the page, as after an update.
    const updated = join(workspace.root, 'updated');
    await cp(join(packageRoot, 'dist'), join(updated, 'dist'), { recursive: true });
    await symlink(join(packageRoot, 'node_modules'), join(updated, 'node_modules'));
    await copyFile(join(packageRoot, 'package.json'), join(updated, 'package.json'));
    const index = join(updated, 'dist/frontend/index.html');
    await writeFile(
      index,
      (await readFile(index, 'utf8')).replace('<title>', '<meta name="newer" content="yes"><title>'),
    );
    await startServerProcess(workspace, env, updated);
    await page.getByText('The server was updated.').waitFor();
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.locator('meta[name=newer]').waitFor({ state: 'attached' });
    await expect.poll(() => box(page).inputValue()).toBe('half a thought');
    await page.getByText('The server was updated.').waitFor({ state: 'detached' });
  },
);

verifies('page.recovers', 'loses nothing when answers overlap: fast switching over a slow line', async () => {
  const { server } = await startBuilt();
  for (const id of ['other', 'busy']) await server.chat({ conv_id: id, message: `hello ${id}` });
  const { page, context } = await openPhone();
  await signIn(page, server.url);
  await answered(page, 'Echo: hello busy').waitFor();
  let asked = 0;
  await context.route('**/api/conversations/busy', async (route) => {
    asked += 1;
    const response = await route.fetch();
    // The first answers come last.
    await new Promise((resolve) => setTimeout(resolve, asked === 2 ? 3000 : 300));
    await route.fulfill({ response });
  });
  await send(page, '[[slow 70 40ms]]');
  await page.getByText('word5').waitFor();
  for (const id of ['other', 'busy', 'other', 'busy'])
    await page
      .evaluate((to) => history.pushState(null, '', `/c/${to}`), id)
      .then(() => page.evaluate(() => dispatchEvent(new PopStateEvent('popstate'))));
  await answered(page, 'word70').waitFor();
  await page.locator('.picker').getByText('2 turns').waitFor();
  await page.getByText('Working').waitFor({ state: 'detached' });
  const whole = Array.from({ length: 70 }, (_, index) => `word${index + 1}`).join(' ');
  expect((await readable(page)).at(-1)).toBe(whole);
  await context.unrouteAll({ behavior: 'ignoreErrors' });
});

verifies(
  'page.recovers',
  'loads a conversation that was opened without a connection as soon as there is one',
  async () => {
    const { server } = await startBuilt();
    for (const id of ['never-read', 'open']) await server.chat({ conv_id: id, message: `hello ${id}` });
    const line = await startBadLine(server.url);
    const { page } = await openPhone();
    await signIn(page, line.url);
    await answered(page, 'Echo: hello open').waitFor();
    line.down();
    await pick(page, 'never-read');
    await page.getByText('No connection').waitFor();
    line.up();
    await answered(page, 'Echo: hello never-read').waitFor();
  },
);
