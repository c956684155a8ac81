import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect } from 'vitest';
import { basic } from '../helper/client.ts';
import { createSubscriber, startPostBox, waitForPost } from '../helper/push-service.ts';
import { startTestServer, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const privateOk = { env: { PUSH_PRIVATE_ADDRESSES: 'true' } };

async function addBrowser(server: TestServer, box: { url: string }) {
  const browser = createSubscriber();
  const endpoint = `${box.url}/browser`;
  const { device } = await (
    await server.post('/api/push/devices', { kind: 'web', subscription: { endpoint, keys: browser.keys } })
  ).json();
  return { ...browser, endpoint, device };
}

/** Has a conversation wait for a permission. */
async function ask(server: TestServer, id = 'a') {
  await server.post('/api/conversations', { id, permission_mode: 'default' });
  const { turn_id } = await server.accept(id, { message: '[[tool:Bash touch made]][[text done]]' });
  const [prompt] = await server.prompts();
  return { turnId: String(turn_id), promptId: String(prompt?.id) };
}

verifies(
  'push.web',
  'sends what is wanted, encrypted for the browser, and takes the answer of its button, once',
  async () => {
    const server = await startTestServer(privateOk);
    const box = await startPostBox();
    const browser = await addBrowser(server, box);
    const { turnId, promptId } = await ask(server);
    const [post] = await until('the push', () => box.posts.length > 0 && box.posts);
    expect(post?.headers['content-encoding']).toBe('aes128gcm');
    expect(post?.headers['authorization']).toMatch(/^vapid t=ey.*, k=/);
    expect(post?.headers['urgency']).toBe('high');
    const message = browser.decrypt(post?.body ?? Buffer.alloc(0));
    expect(message).toMatchObject({
      kind: 'needs_me',
      conv_id: 'a',
      title: 'a',
      what: 'touch made',
      prompt: { kind: 'permission', tool: 'Bash' },
    });
    const press = (token: string) => fetch(`${server.url}/api/push/actions/${token}`, { method: 'POST' });
    expect((await press('wrong')).status).toBe(404);
    expect(await (await press(String(message.prompt?.allow))).json()).toEqual({
      outcome: 'allowed',
      conv_id: 'a',
    });
    expect((await press(String(message.prompt?.allow))).status).toBe(404);
    expect((await press(String(message.prompt?.deny))).status).toBe(404);
    expect((await server.end(turnId)).state).toBe('completed');
    const audit = await server.get('/api/audit');
    expect(audit.entries.find((entry: { prompt_id: string }) => entry.prompt_id === promptId)).toMatchObject({
      actor: 'notification',
    });
    // Answered: the notification is withdrawn, then the answer is reported.
    await waitForPost(box, 'the withdrawal', ({ body }) => browser.decrypt(body).kind === 'withdraw');
    const finished = await waitForPost(
      box,
      'the end',
      ({ body }) => browser.decrypt(body).kind === 'finished' && browser.decrypt(body),
    );
    expect(finished).toMatchObject({ what: 'done', prompt: null });

    const report = await server.post('/api/push/receipts', {
      notice_id: finished.notice_id,
      endpoint: browser.endpoint,
      state: 'shown',
    });
    expect(await report.json()).toEqual({ noted: true });
    const state = await server.get('/api/push');
    expect(state.devices).toMatchObject([
      { id: browser.device.id, kind: 'web', last: { state: 'shown', conv_id: 'a' } },
    ]);
    expect(state.deliveries.map(({ state: one }: { state: string }) => one)).toEqual([
      'shown',
      'sent',
      'sent',
    ]);
    expect((await stat(join(server.workspace.data, 'vapid.json'))).mode & 0o777).toBe(0o600);
    const again = await server.restart();
    expect((await again.get('/api/push')).public_key).toBe(state.public_key);
  },
);

verifies(
  'push.web',
  'tests a device, says what went wrong, and forgets one that is gone or was signed out',
  async () => {
    const server = await startTestServer(privateOk);
    const box = await startPostBox();
    const { device } = await addBrowser(server, box);
    const test = () =>
      server.post(`/api/push/devices/${device.id}/test`, {}).then((response) => response.json());
    expect(await test()).toMatchObject({ state: 'sent', kind: 'test' });
    box.status = 500;
    expect(await test()).toMatchObject({ state: 'failed', detail: expect.stringContaining('500') });
    box.status = 410;
    expect(await test()).toMatchObject({ state: 'failed', detail: expect.stringContaining('410') });
    expect((await server.get('/api/push')).devices).toEqual([]);
    box.status = 201;
    const signedIn = await fetch(`${server.url}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'switchboard', password: 'a long password for tests' }),
    });
    const cookie = String(signedIn.headers.get('set-cookie')).split(';')[0] as string;
    const subscription = { endpoint: `${box.url}/other`, keys: createSubscriber().keys };
    await fetch(`${server.url}/api/push/devices`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'web', subscription }),
    });
    expect((await server.get('/api/push')).devices).toHaveLength(1);
    await fetch(`${server.url}/api/logout`, { method: 'POST', headers: { cookie } });
    expect((await server.get('/api/push')).devices).toEqual([]);
  },
);

verifies(
  'push.policy',
  'sends nothing for what a page has shown, what nobody wanted, or what was answered, and says so',
  async () => {
    const server = await startTestServer(privateOk);
    const box = await startPostBox();
    await addBrowser(server, box);
    const deliveries = async (count: number) =>
      until('deliveries', async () => {
        const found = (await server.get('/api/push')).deliveries;
        return found.length >= count && found;
      });
    await server.chat({ message: 'one', conv_id: 'a' });
    const { cursor } = await server.get('/api/conversations/a');
    await server.post('/api/push/seen', { seen: [{ conv_id: 'a', event_id: cursor }] });
    expect((await deliveries(1))[0]).toMatchObject({
      state: 'suppressed',
      detail: 'a visible page has shown it',
    });
    await server.patch('/api/conversations/a', { notify: ['needs_me'] });
    await server.chat({ message: 'two', conv_id: 'a' });
    expect((await deliveries(2))[0]).toMatchObject({
      state: 'suppressed',
      detail: 'not wanted for this conversation',
    });
    const { promptId } = await ask(server, 'b');
    await server.answer(promptId, { decision: 'deny', interrupt: true });
    const found = await deliveries(3);
    expect(found.find((one: { kind: string }) => one.kind === 'needs_me')).toMatchObject({
      state: 'suppressed',
      detail: 'answered before it was sent',
    });
    expect(box.posts).toEqual([]);
    expect(
      await server
        .patch('/api/push', { quiet: { from: '22:00', to: '7', time_zone: 'UTC' } })
        .then((response) => response.status),
    ).toBe(400);
    expect(
      await server
        .patch('/api/push', { quiet: { from: '22:00', to: '07:00', time_zone: 'Nowhere' } })
        .then((response) => response.status),
    ).toBe(400);
  },
);

verifies(
  'push.channels',
  'sends the same to ntfy and a signed webhook, and nothing to private addresses by default',
  async () => {
    const server = await startTestServer(privateOk);
    const box = await startPostBox();
    await server.post('/api/push/devices', { kind: 'ntfy', url: `${box.url}/my-topic`, token: 'tk_1' });
    const { secret } = await (
      await server.post('/api/push/devices', { kind: 'webhook', url: `${box.url}/hook` })
    ).json();
    await ask(server);
    const note = await waitForPost(box, 'ntfy', (post) => post.path === '/' && post);
    expect(note.headers['authorization']).toBe('Bearer tk_1');
    expect(JSON.parse(note.body.toString())).toMatchObject({
      topic: 'my-topic',
      title: 'a: may it use Bash?',
      message: 'touch made',
      priority: 4,
    });
    const hook = await waitForPost(box, 'the webhook', (post) => post.path === '/hook' && post);
    expect(new Webhook(secret).verify(hook.body.toString(), hook.headers)).toMatchObject({
      type: 'switchboard.needs_me',
      data: { conv_id: 'a', what: 'touch made' },
    });
    expect(() => new Webhook(secret).verify(`${hook.body.toString()} `, hook.headers)).toThrow();

    const strict = await startTestServer();
    for (const url of [
      'http://127.0.0.1:1/x',
      'http://localhost:1/x',
      'http://[::1]/x',
      'http://192.168.1.1/x',
      'http://[::ffff:10.0.0.1]/x',
      'http://169.254.169.254/latest',
    ]) {
      const refused = await strict.post('/api/push/devices', { kind: 'webhook', url });
      expect((await refused.json()).code, url).toBe('address_not_allowed');
    }
    for (const wrong of [
      { kind: 'webhook', url: 'file:///etc/passwd' },
      { kind: 'ntfy', url: 'https://ntfy.sh' },
    ])
      expect((await strict.post('/api/push/devices', wrong)).status).toBe(400);
  },
);

verifies('access.pairing', 'signs one device in with a link, once, and signs everybody out', async () => {
  const server = await startTestServer();
  const made = await (await server.post('/api/pairings', {})).json();
  expect(made.url).toMatch(new RegExp(`^${server.url}/pair#[\\w-]{32}$`));
  expect(made.qr).toContain('<svg');
  expect(Date.parse(made.expires_at) - Date.now()).toBeLessThanOrEqual(300_000);
  const code = made.url.split('#')[1];
  const pair = () =>
    fetch(`${server.url}/api/pair`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    });
  const first = await pair();
  expect(first.status).toBe(200);
  expect((await pair()).status).toBe(404);
  const cookie = String(first.headers.get('set-cookie')).split(';')[0] as string;
  const asked = () => fetch(`${server.url}/api/status`, { headers: { cookie } });
  expect((await asked()).status).toBe(200);
  const { token } = await (await server.post('/api/tokens', { label: 'script' })).json();
  const open = await (await server.post('/api/pairings', {})).json();
  await server.post('/api/logout/all', {});
  expect((await asked()).status).toBe(401);
  const late = await fetch(`${server.url}/api/pair`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: open.url.split('#')[1] }),
  });
  expect(late.status).toBe(404);
  expect(
    (await fetch(`${server.url}/api/status`, { headers: { authorization: `Bearer ${token}` } })).status,
  ).toBe(200);
  await server.post('/api/logout/all', { tokens: true });
  expect(
    (await fetch(`${server.url}/api/status`, { headers: { authorization: `Bearer ${token}` } })).status,
  ).toBe(401);
  expect((await fetch(`${server.url}/api/status`, { headers: { authorization: basic } })).status).toBe(200);
});

verifies(
  'page.compose',
  'lists only folders under the roots, and the files of a project except ignored ones',
  async () => {
    const server = await startTestServer();
    const { root, project } = server.workspace;
    await mkdir(join(root, 'zoo', 'inner'), { recursive: true });
    await mkdir(join(project, 'src'));
    await mkdir(join(project, 'node_modules'));
    const { writeFile } = await import('node:fs/promises');
    for (const file of ['src/main.ts', 'src/domain.ts', 'README.md', 'node_modules/x.js'])
      await writeFile(join(project, file), 'x');
    await server.chat({ message: 'x', conv_id: 'a' });
    const roots = await server.get('/api/folders');
    expect(roots).toMatchObject({ path: null, parent: null, recent: [project], default: project });
    expect(roots.folders.map(({ path }: { path: string }) => path)).toContain(root);
    const inside = await server.get(`/api/folders?path=${encodeURIComponent(join(root, 'zoo'))}`);
    expect(inside).toMatchObject({ parent: root, folders: [{ name: 'inner', is_project: false }] });
    expect((await server.send('/api/folders?path=/etc')).status).toBe(403);
    expect((await server.send(`/api/folders?path=${encodeURIComponent(join(root, 'nowhere'))}`)).status).toBe(
      422,
    );
    expect((await server.get('/api/conversations/a/files?q=main')).files).toEqual([
      'src/main.ts',
      'src/domain.ts',
    ]);
    expect((await server.get('/api/conversations/a/files')).files).not.toContain('node_modules/x.js');
  },
);
