import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';
import { onTestFinished } from 'vitest';
import { chromiumPath, requireTool } from '../../scripts/test-tools.mjs';
import { password, username } from './client.ts';

/** Without these Chromium looks for hosts of its maker, which a test must not. */
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export type Phone = {
  page: Page;
  context: BrowserContext;
  /** What went wrong in it, of all its pages. */
  faults: string[];
  /** The hosts that were asked for something. */
  hosts: Set<string>;
};

/** Shared by all test files of a process: starting a browser takes a second, and contexts share nothing. */
let launched: Promise<Browser> | null = null;

/** A page on a phone in a new browser context without any data. Closed with the test. */
export async function openPhone(options: BrowserContextOptions = {}): Promise<Phone> {
  requireTool('chromium');
  launched ??= chromium.launch({ executablePath: chromiumPath, args: quiet });
  const browser = await launched;
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    locale: 'en',
    ...options,
  });
  onTestFinished(() => context.close());
  const faults: string[] = [];
  const hosts = new Set<string>();
  context.on('weberror', (error) => faults.push(error.error().message));
  context.on('console', (message) => {
    if (message.type() === 'error') faults.push(`${message.text()} ${message.location().url}`);
  });
  context.on('request', (request) => {
    if (/^https?:/.test(request.url())) hosts.add(new URL(request.url()).host);
  });
  return { page: await context.newPage(), context, faults, hosts };
}

/**
 * Messages of the browser about a lost connection or an empty response; tests that cut it off expect them.
 */
export const isConnectionFault = (fault: string): boolean =>
  /Failed to load resource|net::ERR_|ERR_INTERNET_DISCONNECTED/.test(fault);

export const box = (page: Page): Locator => page.getByLabel('Message', { exact: true });

export async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel('User').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await box(page).waitFor();
}

export async function send(page: Page, text: string): Promise<void> {
  await box(page).fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

/** What the model has said, as the page shows it. */
export const answered = (page: Page, text: string | RegExp): Locator =>
  page.locator('.assistant', { hasText: text }).last();

/** Opens a conversation from the list, as a finger does. */
export async function pick(page: Page, title: string): Promise<void> {
  await page.locator('.picker').click();
  await page.getByRole('dialog').getByRole('button', { name: title }).first().click();
}

/** Waits until the service worker has the page. */
export async function waitForWorker(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller)
      await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
  });
}

/** Opens all that is folded, and what is folded in that. */
export async function openAll(page: Page): Promise<void> {
  for (const folded = page.locator('.messages details:not([open])'); (await folded.count()) > 0; ) {
    await folded.evaluateAll((all) => {
      for (const one of all as HTMLDetailsElement[]) one.open = true;
    });
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}
