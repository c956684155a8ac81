import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { openPhone, signIn, waitForWorker } from '../helper/browser.ts';
import { type Built, startBuilt } from '../helper/packaged.ts';
import { verifies } from '../requirement/verifies.ts';

/** A page on another port of the same host, which gets the user's cookie. `referrer` is its policy. */
async function startForeignPage(referrer = 'unsafe-url'): Promise<string> {
  const other = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<meta name="referrer" content="${referrer}"><h1>foreign</h1>`);
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  return `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
}

/** Submits a form to an address, as a click on the page would. */
const submit = (page: Page, action: string, enctype: string, fields: Record<string, string>) =>
  page.evaluate(
    ([action, enctype, fields]) => {
      const form = document.createElement('form');
      Object.assign(form, { action, enctype, method: 'post' });
      for (const [name, value] of Object.entries(fields)) {
        const field = document.createElement('input');
        Object.assign(field, { name, value });
        form.append(field);
      }
      document.body.append(form);
      form.submit();
    },
    [action, enctype, fields] as const,
  );

async function startSignedIn(): Promise<Built & { page: Page }> {
  const built = await startBuilt();
  await built.server.chat({ message: 'hello', conv_id: 'mine' });
  const { page } = await openPhone();
  await signIn(page, built.server.url);
  await waitForWorker(page);
  return { ...built, page };
}

verifies(
  'guard.foreign-page',
  'lets a page on another port do nothing, whatever it sends',
  async () => {
    const { server, page, api } = await startSignedIn();
    const before = JSON.stringify([
      await server.get('/api/sessions'),
      (await server.get('/api/credentials')).credentials.length,
    ]);
    const calls = api.received.length;
    for (const referrer of ['unsafe-url', 'no-referrer']) {
      const foreign = await startForeignPage(referrer);
      for (const enctype of ['multipart/form-data', 'application/x-www-form-urlencoded', 'text/plain']) {
        for (const [path, fields] of [
          ['/api/chat', { message: 'EVIL', conv_id: 'mine' }],
          ['/api/conversations/mine/turns', { message: 'EVIL' }],
          ['/api/reset?conv_id=mine', {}],
          ['/api/pairings', {}],
          ['/api/logout/all', {}],
        ] as const) {
          await page.goto(foreign);
          await Promise.all([
            page.waitForURL(`${server.url}/**`),
            submit(page, server.url + path, enctype, fields),
          ]);
          expect(await page.textContent('body'), `${enctype} ${path}`).toMatch(
            /origin_not_allowed|unsupported_media_type/,
          );
        }
      }
      await page.goto(foreign);
      const ends = await page.evaluate(async (own) => {
        const end = (call: Promise<unknown>) =>
          call.then(
            (found) => String(found),
            () => 'refused',
          );
        const form = new FormData();
        form.append('message', 'EVIL');
        const load = (element: HTMLImageElement | HTMLScriptElement | HTMLLinkElement) =>
          new Promise((resolve, reject) => {
            element.onload = () => resolve('loaded');
            element.onerror = reject;
            document.head.append(element);
          });
        const link = Object.assign(document.createElement('link'), {
          rel: 'prefetch',
          href: `${own}/api/status`,
        });
        document.head.append(link);
        const event = (target: WebSocket | EventSource) =>
          new Promise((resolve, reject) => {
            target.onopen = () => resolve('open');
            target.onerror = reject;
          });
        const read = async (path: string, init: RequestInit = {}) =>
          (await fetch(own + path, { credentials: 'include', ...init })).type;
        navigator.sendBeacon(`${own}/api/chat`, form);
        navigator.sendBeacon(`${own}/api/chat`, new Blob(['{"message":"EVIL"}'], { type: 'text/plain' }));
        return {
          post: await end(read('/api/chat', { method: 'POST', mode: 'no-cors', body: form })),
          json: await end(
            read('/api/chat', {
              method: 'POST',
              body: '{"message":"EVIL"}',
              headers: { 'content-type': 'application/json' },
            }),
          ),
          header: await end(
            read('/api/reset?conv_id=mine', { method: 'POST', headers: { 'x-switchboard-page': '1' } }),
          ),
          read: await end(read('/api/sessions')),
          image: await end(load(Object.assign(new Image(), { src: `${own}/api/status` }))),
          script: await end(
            load(Object.assign(document.createElement('script'), { src: `${own}/api/sessions` })),
          ),
          events: await end(event(new EventSource(`${own}/api/events`, { withCredentials: true }))),
          socket: await end(
            event(new WebSocket(`${own.replace('http', 'ws')}/api/hosts/local/sessions/0/terminal?ticket=x`)),
          ),
        };
      }, server.url);
      const { post, ...others } = ends;
      // A page is not shown what became of it.
      expect(['opaque', 'refused']).toContain(post);
      expect(new Set(Object.values(others)), JSON.stringify(ends)).toEqual(new Set(['refused']));
      const framed = await page.evaluate(async (own) => {
        const frame = Object.assign(document.createElement('iframe'), { src: own });
        await new Promise((resolve) => {
          frame.onload = resolve;
          document.body.append(frame);
        });
        return frame.contentDocument === null;
      }, server.url);
      expect(framed).toBe(true);
    }
    expect(
      JSON.stringify([
        await server.get('/api/sessions'),
        (await server.get('/api/credentials')).credentials.length,
      ]),
    ).toBe(before);
    expect(api.received.length).toBe(calls);
  },
  180_000,
);

verifies('share.own', 'ignores what a foreign page shares, and says so', async () => {
  const { server, page } = await startSignedIn();
  for (const referrer of ['unsafe-url', 'no-referrer']) {
    await page.goto(await startForeignPage(referrer));
    await Promise.all([
      page.waitForURL(/\/share/),
      submit(page, `${server.url}/share`, 'multipart/form-data', { text: 'ATTACKER TEXT' }),
    ]);
    await page.getByRole('alert').getByText('Another web page tried').waitFor();
    expect(await page.textContent('body')).not.toContain('ATTACKER TEXT');
  }
  await page.goto(`${server.url}/share`);
  await page.getByText('Nothing was shared.').waitFor();
});
