import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { writeLongSession } from '../../test/helper/long-session.ts';
import { compare, type Figure, inTurn, medians, ms, type Pairs } from './figure.ts';
import { type BenchServer, packageRoot, type Stage } from './stage.ts';

const folder = join(packageRoot, 'dist', 'frontend');

/** Of a phone some years old; Chromium slows its own main thread down by so much. */
const slowdown = 4;

const frameMs = 16;

/** Script and style of the first load, in bytes as gzip. */
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
  return {
    name: 'page, first load',
    value: `${(bytes / 1024).toFixed(1)} KB`,
    floor: '',
    ratio: null,
    target: '<= 60 KB',
    ok: bytes <= 60 * 1024,
  };
}

async function signedIn(browser: Browser, server: BenchServer): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
    serviceWorkers: 'block',
  });
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

const frames = (page: Page) =>
  page.evaluate(() => Number((window as unknown as { frameCount?: number }).frameCount ?? 0));

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
  });
  // A person who types and reads an answer is at its end.
  await page.getByRole('button', { name: 'Newest' }).click();
  await page.getByText('Answer 999').waitFor();
  return page;
}

/** A page with a textarea alone: what the browser itself takes for a key, and for a word that is added. */
async function openBare(browser: Browser, server: BenchServer): Promise<Page> {
  const context = await signedIn(browser, server);
  const page = await context.newPage();
  await page.goto(`${server.url}/bench-bare.html`);
  await page.locator('textarea').focus();
  return page;
}

const words = 250;

/** An answer of so many words, one for each frame. */
function stream(page: Page, server: BenchServer): Promise<number> {
  return perFrame(page, async () => {
    await server.chat({ message: `[[slow ${words} 16ms]]`, conv_id: 'page-bench' });
  });
}

/** The same words written into a bare page. */
function write(page: Page): Promise<number> {
  // As text: tsx gives names to functions by a helper that the page does not have.
  const script = `new Promise((done) => { let left = ${words}; const own = document.querySelector('p'); own.textContent = '';
    requestAnimationFrame(function next() { own.append('word' + left + ' '); left -= 1; left ? requestAnimationFrame(next) : done(); }); })`;
  return perFrame(page, async () => {
    await page.evaluate(script);
  });
}

async function perFrame(page: Page, work: () => Promise<void>): Promise<number> {
  await page.evaluate(
    'window.frameCount = 0; window.counts = true; (function count() { window.frameCount += 1; if (window.counts) requestAnimationFrame(count); })()',
  );
  const all = await workEach(page, 1, work);
  const drawn = await frames(page);
  await page.evaluate('window.counts = false');
  return all / Math.max(1, drawn);
}

/** What the page adds to what the browser needs by itself; it may be one frame. */
function added(name: string, pairs: Pairs): Figure {
  const { ours, floor, ratio } = medians(pairs);
  return {
    name,
    value: ms(ours),
    floor: ms(floor),
    ratio,
    target: `<= floor + ${frameMs} ms`,
    ok: ours - floor <= frameMs,
  };
}

/** What the page weighs, when it is seen, and what typing and streaming cost in a conversation of 2,000 messages. */
export async function measurePage(stage: Stage, server: BenchServer): Promise<Figure[]> {
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const bare = join(folder, 'bench-bare.html');
  writeFileSync(
    bare,
    '<!doctype html><html lang="en"><title>bare</title><body><p>A bare page of a few words.</p><textarea></textarea></body></html>\n',
  );
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
    const floor = await openBare(browser, server);
    const type = (on: Page) => workEach(on, typed.length, () => on.keyboard.type(typed, { delay: 30 }));
    const typing = await inTurn(
      3,
      () => type(page),
      () => type(floor),
    );
    await box.fill('');
    const streaming = await inTurn(
      2,
      () => stream(page, server),
      () => write(floor),
    );
    return [
      measureWeight(),
      compare('page, first paint / bare static page', paints, { most: 1.3 }),
      added(`page, main thread per key, CPU / ${slowdown}, 2,000 messages / bare textarea`, typing),
      added(`page, main thread per frame of an answer, CPU / ${slowdown} / a word in a bare page`, streaming),
    ];
  } finally {
    rmSync(bare, { force: true });
    await browser.close();
  }
}
