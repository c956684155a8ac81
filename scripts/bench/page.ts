import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { writeLongSession } from '../../test/helper/long-session.ts';
import { compare, type Figure, inTurn, median, ms } from './figure.ts';
import { type BenchServer, packageRoot, type Stage } from './stage.ts';

const folder = join(packageRoot, 'dist', 'frontend');

/** Of a phone some years old; Chromium slows its own main thread down by so much. */
const slowdown = 4;

const frameMs = 16;

/** Script and style of the first load, in bytes as gzip. */
function measureWeight(): Figure {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  const files = new Set([...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => String(path)));
  for (const path of [...files].filter((name) => name.endsWith('.js'))) {
    for (const [, name] of readFileSync(join(folder, path), 'utf8').matchAll(/(?:from|import)"\.\/([^"]+)"/g)) files.add(`/assets/${name}`);
  }
  const bytes = [...files].reduce((sum, path) => sum + gzipSync(readFileSync(join(folder, path)), { level: 9 }).length, 0);
  return { name: 'page, first load', value: `${(bytes / 1024).toFixed(1)} KB`, floor: '', ratio: null, target: '<= 60 KB', ok: bytes <= 60 * 1024 };
}

async function signedIn(browser: Browser, server: BenchServer): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, serviceWorkers: 'block' });
  await context.request.post(`${server.url}/api/login`, { data: { username: 'bench', password: 'bench' } });
  return context;
}

/** When the first words were painted, in a browser that has nothing of the page yet. */
async function firstPaint(browser: Browser, server: BenchServer, path: string): Promise<number> {
  const context = await signedIn(browser, server);
  const page = await context.newPage();
  await page.goto(server.url + path);
  const at = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          for (const entry of list.getEntriesByName('first-contentful-paint')) resolve(entry.startTime);
        }).observe({ type: 'paint', buffered: true });
      }),
  );
  await context.close();
  return at;
}

/** How long the main thread is at work for each of so many things. */
async function workEach(page: Page, count: number, work: () => Promise<void>): Promise<number> {
  const tools = await page.context().newCDPSession(page);
  await tools.send('Performance.enable');
  const busy = async () => Number((await tools.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')?.value) * 1000;
  await tools.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  const before = await busy();
  await work();
  const after = await busy();
  await tools.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await tools.detach();
  return (after - before) / count;
}

const frames = (page: Page) => page.evaluate(() => Number((window as unknown as { frameCount?: number }).frameCount ?? 0));

async function openLong(browser: Browser, server: BenchServer): Promise<Page> {
  const context = await signedIn(browser, server);
  const page = await context.newPage();
  await page.goto(`${server.url}/c/page-bench`);
  await page.getByText('Answer 999').waitFor();
  await page.evaluate(async () => {
    const own = document.querySelector('.messages') as HTMLElement;
    while (own.querySelector('.messages-body > button')) {
      own.scrollTop = 0;
      await new Promise(requestAnimationFrame);
    }
    own.scrollTop = own.scrollHeight;
  });
  return page;
}

/** What the page weighs, when it is seen, and what typing and streaming cost in a conversation of 2,000 messages. */
export async function measurePage(stage: Stage, server: BenchServer): Promise<Figure[]> {
  const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  const bare = join(folder, 'bench-bare.html');
  writeFileSync(bare, '<!doctype html><html lang="en"><title>bare</title><body><p>A bare page of a few words.</p></body></html>\n');
  try {
    await server.chat({ message: 'words for the first screen', conv_id: 'seen' });
    const paints = await inTurn(
      9,
      () => firstPaint(browser, server, '/c/seen'),
      () => firstPaint(browser, server, '/bench-bare.html'),
    );
    const sessionId = await writeLongSession({ ...stage, root: stage.root, data: stage.data }, 2000, 200);
    await server.send('/api/conversations', { id: 'page-bench', session_id: sessionId });
    const page = await openLong(browser, server);
    const box = page.getByLabel('Message', { exact: true });
    await box.focus();
    const typed = 'the quick brown fox jumps over the lazy dog again and again';
    const typing: number[] = [];
    for (let round = 0; round < 3; round += 1) typing.push(await workEach(page, typed.length, () => page.keyboard.type(typed, { delay: 30 })));
    await box.fill('');
    // As text: tsx gives names to functions by a helper that the page does not have.
    await page.evaluate('window.frameCount = 0; (function count() { window.frameCount += 1; requestAnimationFrame(count); })()');
    const before = await frames(page);
    const all = await workEach(page, 1, async () => {
      await server.chat({ message: '[[slow 250 16ms]]', conv_id: 'page-bench' });
    });
    const streaming = all / Math.max(1, (await frames(page)) - before);
    const figure = (name: string, value: number): Figure => ({
      name,
      value: ms(value),
      floor: '',
      ratio: null,
      target: `<= ${frameMs} ms`,
      ok: value <= frameMs,
    });
    return [
      measureWeight(),
      compare('page, first paint / bare static page', paints, { most: 1.3 }),
      figure(`page, main thread per key, CPU / ${slowdown}, 2,000 messages`, median(typing)),
      figure(`page, main thread per frame while it streams, CPU / ${slowdown}`, streaming),
    ];
  } finally {
    rmSync(bare, { force: true });
    await browser.close();
  }
}
