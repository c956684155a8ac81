import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { writeLongSession } from '../../test/helper/long-session.ts';
import {
  compareWithFloor,
  type Figure,
  formatMs,
  limitFigure,
  measureInTurn,
  type Pairs,
  summarizePairs,
} from './figure.ts';
import { type BenchServer, packageRoot } from './server.ts';
import type { Stage } from './stage.ts';

const folder = join(packageRoot, 'dist', 'frontend');

/** Chromium slows its main thread down by this factor, to resemble a phone that is some years old. */
const slowdown = 4;

const frameMs = 16;

/** The size of scripts and styles of the first load, compressed with gzip. */
function measureWeight(): Figure {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  const files = new Set(html.match(/\/assets\/[^"]+/g));
  for (const path of [...files].filter((name) => name.endsWith('.js'))) {
    for (const [, name] of readFileSync(join(folder, path), 'utf8').matchAll(/(?:from|import)"\.\/([^"]+)"/g))
      files.add(`/assets/${name}`);
  }
  const bytes = [...files].reduce(
    (sum, path) => sum + gzipSync(readFileSync(join(folder, path)), { level: 9 }).length,
    0,
  );
  const value = `${(bytes / 1024).toFixed(1)} KB`;
  return limitFigure('page, first load', value, '<= 60 KB', bytes <= 60 * 1024);
}

async function signIn(browser: Browser, server: BenchServer): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
    serviceWorkers: 'block',
  });
  await context.request.post(`${server.url}/api/login`, { data: { username: 'bench', password: 'bench' } });
  return context;
}

/** The time of the first contentful paint, in a browser without a cache of the page. */
async function timeFirstPaint(browser: Browser, server: BenchServer, path: string): Promise<number> {
  const context = await signIn(browser, server);
  const page = await context.newPage();
  await page.goto(server.url + path);
  const paintedAt = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => {
          for (const entry of list.getEntriesByName('first-contentful-paint')) resolve(entry.startTime);
        }).observe({ type: 'paint', buffered: true });
      }),
  );
  await context.close();
  return paintedAt;
}

/** How long the main thread is busy for each of `count` steps of the work. */
async function measureMainThread(page: Page, count: number, work: () => Promise<void>): Promise<number> {
  const tools = await page.context().newCDPSession(page);
  await tools.send('Performance.enable');
  const busy = async () =>
    Number(
      (await tools.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')?.value,
    ) * 1000;
  await tools.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  const before = await busy();
  await work();
  const after = await busy();
  await tools.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await tools.detach();
  return (after - before) / count;
}

const countFrames = (page: Page) =>
  page.evaluate(() => Number((window as unknown as { frameCount?: number }).frameCount ?? 0));

async function openLongConversation(browser: Browser, server: BenchServer): Promise<Page> {
  const context = await signIn(browser, server);
  const page = await context.newPage();
  await page.goto(`${server.url}/c/page-bench`);
  await page.getByText('Answer 999').waitFor();
  await page.evaluate(async () => {
    const list = document.querySelector('.messages') as HTMLElement;
    while (list.querySelector('.messages-body > button')) {
      list.scrollTop = 0;
      await new Promise(requestAnimationFrame);
    }
  });
  // A person who types and reads an answer has scrolled to the end.
  await page.getByRole('button', { name: 'Newest' }).click();
  await page.getByText('Answer 999').waitFor();
  return page;
}

/** A page with only a textarea: what the browser itself needs for a key, and for an added word. */
async function openBarePage(browser: Browser, server: BenchServer): Promise<Page> {
  const context = await signIn(browser, server);
  const page = await context.newPage();
  await page.goto(`${server.url}/bench-bare.html`);
  await page.locator('textarea').focus();
  return page;
}

const wordCount = 250;

/** Streams an answer with one word per frame. */
function streamAnswer(page: Page, server: BenchServer): Promise<number> {
  return measurePerFrame(page, async () => {
    await server.chat({ message: `[[slow ${wordCount} 16ms]]`, conv_id: 'page-bench' });
  });
}

/** Writes the same words into a bare page. */
function writeWords(page: Page): Promise<number> {
  // A string, because tsx names functions with a helper that the page does not have.
  const script = `new Promise((resolve) => {
    let left = ${wordCount};
    const paragraph = document.querySelector('p');
    paragraph.textContent = '';
    requestAnimationFrame(function next() {
      paragraph.append('word' + left + ' ');
      left -= 1;
      left ? requestAnimationFrame(next) : resolve();
    });
  })`;
  return measurePerFrame(page, async () => {
    await page.evaluate(script);
  });
}

async function measurePerFrame(page: Page, work: () => Promise<void>): Promise<number> {
  await page.evaluate(
    `window.frameCount = 0;
    window.counts = true;
    (function count() {
      window.frameCount += 1;
      if (window.counts) requestAnimationFrame(count);
    })()`,
  );
  const busyMs = await measureMainThread(page, 1, work);
  const frameCount = await countFrames(page);
  await page.evaluate('window.counts = false');
  return busyMs / Math.max(1, frameCount);
}

/** What the page adds to the work of the browser itself; up to one frame. */
function compareAdded(name: string, pairs: Pairs): Figure {
  const { ours, floor, ratio } = summarizePairs(pairs);
  const ok = ours - floor <= frameMs;
  return limitFigure(name, formatMs(ours), `<= floor + ${frameMs} ms`, ok, { floor: formatMs(floor), ratio });
}

/** The page: its size, first paint, and the cost of typing and streaming with 2,000 messages. */
export async function measurePage(stage: Stage, server: BenchServer): Promise<Figure[]> {
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const bare = join(folder, 'bench-bare.html');
  writeFileSync(
    bare,
    '<!doctype html><html lang="en"><title>bare</title><p>A bare page of a few words.</p><textarea></textarea></html>\n',
  );
  try {
    await server.chat({ message: 'words for the first screen', conv_id: 'seen' });
    const paints = await measureInTurn(
      9,
      () => timeFirstPaint(browser, server, '/c/seen'),
      () => timeFirstPaint(browser, server, '/bench-bare.html'),
    );
    const sessionId = await writeLongSession({ ...stage, root: stage.root, data: stage.data }, 2000, 200);
    await server.send('/api/conversations', { id: 'page-bench', session_id: sessionId });
    const page = await openLongConversation(browser, server);
    const box = page.getByLabel('Message', { exact: true });
    await box.focus();
    const typed = 'the quick brown fox jumps over the lazy dog again and again';
    const floor = await openBarePage(browser, server);
    const type = (on: Page) =>
      measureMainThread(on, typed.length, () => on.keyboard.type(typed, { delay: 30 }));
    const typing = await measureInTurn(
      3,
      () => type(page),
      () => type(floor),
    );
    await box.fill('');
    const streaming = await measureInTurn(
      2,
      () => streamAnswer(page, server),
      () => writeWords(floor),
    );
    return [
      measureWeight(),
      compareWithFloor('page, first paint / bare static page', paints, { maxRatio: 1.3 }),
      compareAdded(`page, main thread per key, CPU / ${slowdown}, 2,000 messages / bare textarea`, typing),
      compareAdded(
        `page, main thread per frame of an answer, CPU / ${slowdown} / a word in a bare page`,
        streaming,
      ),
    ];
  } finally {
    rmSync(bare, { force: true });
    await browser.close();
  }
}
