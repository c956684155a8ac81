import { expect } from 'vitest';
import { answered, openPhone, send, signIn, waitForWorker } from '../helper/browser.ts';
import { startBuilt } from '../helper/packaged.ts';
import { createSubscriber, startPostBox, waitForPost } from '../helper/push-service.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'push.web',
  'shows what the server sent by the real service worker, once for each conversation, and withdraws it',
  async () => {
    const { server } = await startBuilt({ PUSH_PRIVATE_ADDRESSES: 'true' });
    const box = await startPostBox();
    const browser = createSubscriber();
    await server.post('/api/push/devices', {
      kind: 'web',
      subscription: { endpoint: `${box.url}/browser`, keys: browser.keys },
    });
    await server.post('/api/conversations', {
      id: 'builds',
      title: 'Nightly builds',
      permission_mode: 'default',
    });
    const { page, context } = await openPhone();
    await context.grantPermissions(['notifications'], { origin: server.url });
    await signIn(page, server.url);
    await waitForWorker(page);
    const tools = await context.newCDPSession(page);
    const registered = new Promise<string>((resolve) => {
      tools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        if (registrations[0]) resolve(registrations[0].registrationId);
      });
    });
    await tools.send('ServiceWorker.enable');
    const registrationId = await registered;
    const deliver = (data: object) =>
      tools.send('ServiceWorker.deliverPushMessage', {
        origin: server.url,
        registrationId,
        data: JSON.stringify(data),
      });
    const shown = () =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.ready;
        const all = (await registration.getNotifications()) as (Notification & {
          actions: { action: string }[];
        })[];
        return all.map(({ title, body, tag, actions }) => ({
          title,
          body,
          tag,
          actions: actions.map(({ action }) => action),
        }));
      });
    await page.goto('about:blank');
    const { turn_id } = await server.accept('builds', { message: '[[tool:Bash touch made]][[text done]]' });
    const asked = await waitForPost(
      box,
      'the push',
      ({ body }) => browser.decrypt(body).kind === 'needs_me' && browser.decrypt(body),
    );
    await page.goto(`${server.url}/settings`);
    await deliver(asked);
    await deliver(asked);
    await until('the notification', async () => (await shown()).length === 1);
    expect(await shown()).toEqual([
      {
        title: 'Nightly builds',
        body: 'May Claude use Bash? touch made',
        tag: 'builds',
        actions: ['allow', 'deny'],
      },
    ]);
    const [prompt] = await server.prompts();
    await server.answer(String(prompt?.id), { decision: 'allow' });
    await server.end(turn_id);
    const withdrawn = await waitForPost(
      box,
      'the withdrawal',
      ({ body }) => browser.decrypt(body).kind === 'withdraw' && browser.decrypt(body),
    );
    await deliver(withdrawn);
    await until('nothing shown', async () => (await shown()).length === 0);

    // What the worker says when a notification is pressed while the page is open.
    await page.evaluate(() =>
      navigator.serviceWorker.dispatchEvent(
        new MessageEvent('message', { data: { type: 'go', path: '/c/builds' } }),
      ),
    );
    await page.locator('.picker').getByText('Nightly builds').waitFor();
  },
);

verifies('push.policy', 'pushes nothing that the visible page has shown', async () => {
  const { server } = await startBuilt({ PUSH_PRIVATE_ADDRESSES: 'true' });
  const box = await startPostBox();
  await server.post('/api/push/devices', { kind: 'webhook', url: `${box.url}/hook` });
  const { page } = await openPhone();
  await signIn(page, server.url);
  await send(page, 'while I look');
  await answered(page, 'Echo: while I look').waitFor();
  const [first] = await until('the delivery', async () => {
    const { deliveries } = await server.get('/api/push');
    return deliveries.length > 0 && deliveries;
  });
  expect(first).toMatchObject({ state: 'suppressed', detail: 'a visible page has shown it' });
  expect(box.posts).toEqual([]);
});
