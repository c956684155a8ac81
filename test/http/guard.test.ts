import { mkdir, rmdir, symlink } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import supertest from 'supertest';
import { expect } from 'vitest';
import { basic, password, username } from '../helper/client.ts';
import { startTestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

/** A request with headers that fetch does not let one set. */
function raw(
  url: string,
  path: string,
  headers: Record<string, string>,
  method = 'GET',
  body = '',
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(
      url + path,
      { method, headers: { authorization: basic, ...headers } },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    call.once('error', reject);
    call.end(body);
  });
}

verifies('guard.foreign-page', 'answers only for its own names', async () => {
  const server = await startTestServer({ env: { ALLOWED_HOSTS: 'desk.example, other.example' } });
  const { port } = new URL(server.url);
  for (const host of [
    `127.0.0.1:${port}`,
    `localhost:${port}`,
    `[::1]:${port}`,
    'desk.example',
    'DESK.example:443',
  ]) {
    expect((await raw(server.url, '/api/status', { host })).status, host).toBe(200);
  }
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    'localhost.evil.example',
    '127.0.0.1.evil.example',
  ]) {
    const { status, text } = await raw(server.url, '/api/status', { host });
    expect(status, host).toBe(403);
    expect(JSON.parse(text).code).toBe('host_not_allowed');
  }
  expect((await raw(server.url, '/health', { host: 'probe.example' })).status).toBe(200);
  expect((await raw(server.url, '/', { host: 'evil.example' })).status).toBe(403);
});

verifies('guard.foreign-page', 'accepts nothing from other pages', async () => {
  const server = await startTestServer({ env: { ALLOWED_HOSTS: 'desk.example' } });
  const { host } = new URL(server.url);
  const json = { 'content-type': 'application/json' };
  const body = JSON.stringify({ message: 'x' });
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of foreign) {
    expect(
      (await raw(server.url, '/api/chat', { ...json, ...headers }, 'POST', body)).status,
      JSON.stringify(headers),
    ).toBe(403);
    expect((await raw(server.url, '/api/sessions', headers)).status, JSON.stringify(headers)).toBe(403);
  }
  expect(
    (await raw(server.url, '/api/sessions', { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }))
      .status,
  ).toBe(200);
  expect(
    (await raw(server.url, '/api/sessions', { origin: 'https://desk.example', host: 'desk.example' })).status,
  ).toBe(200);
  const form = 'multipart/form-data; boundary=x';
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    expect((await raw(server.url, '/api/chat', { 'content-type': type }, 'POST', body)).status, type).toBe(
      415,
    );
  }
  // Files are taken where messages are, from our own page or a script that names its credentials.
  expect((await raw(server.url, '/api/reset', { 'content-type': form }, 'POST', body)).status).toBe(415);
  expect(
    (
      await raw(
        server.url,
        '/api/chat',
        { 'content-type': form, origin: 'https://evil.example' },
        'POST',
        body,
      )
    ).status,
  ).toBe(403);
  expect(
    (await raw(server.url, '/api/chat', { 'content-type': form, 'sec-fetch-site': 'none' }, 'POST', body))
      .status,
  ).toBe(415);
  // A link from another page may lead to ours.
  expect(
    (await raw(server.url, '/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status,
  ).not.toBe(403);
});

verifies('guard.foreign-page', 'compares an origin by scheme, host and port', async () => {
  const server = await startTestServer({
    env: { ALLOWED_HOSTS: 'desk.example, https://moved.example:8443' },
  });
  const { port } = new URL(server.url);
  const status = async (origin: string, host: string, more: Record<string, string> = {}) =>
    (await raw(server.url, '/api/sessions', { origin, host, ...more })).status;
  const own: [origin: string, host: string, more?: Record<string, string>][] = [
    [`http://127.0.0.1:${port}`, `127.0.0.1:${port}`],
    [`http://localhost:${port}`, `localhost:${port}`],
    [`http://[::1]:${port}`, `[::1]:${port}`],
    [`http://desk.example:${port}`, `desk.example:${port}`],
    // Behind a proxy: its port, with or without a word of its scheme.
    ['https://desk.example', 'desk.example'],
    ['https://desk.example', 'desk.example:443'],
    ['http://desk.example', 'desk.example'],
    ['https://desk.example:8443', 'desk.example:8443'],
    ['https://desk.example', 'desk.example', { 'x-forwarded-proto': 'https' }],
    ['https://moved.example:8443', `127.0.0.1:${port}`],
    // Forwarded ports, as ssh -L makes them.
    ['http://localhost:9000', 'localhost:9000'],
  ];
  for (const [origin, host, more] of own)
    expect(await status(origin, host, more), `${origin} at ${host}`).toBe(200);
  const foreign: [origin: string, host: string, more?: Record<string, string>][] = [
    [`http://desk.example:${Number(port) + 1}`, `desk.example:${port}`],
    ['http://desk.example', `desk.example:${port}`],
    ['https://desk.example', `desk.example:${port}`],
    [`https://desk.example:${port}`, `desk.example:${port}`],
    [`http://127.0.0.1:${Number(port) + 1}`, `127.0.0.1:${port}`],
    [`http://localhost:${port}`, `127.0.0.1:${port}`],
    [`http://127.0.0.1:${port}`, `localhost:${port}`],
    [`http://[::1]:${Number(port) + 1}`, `[::1]:${port}`],
    [`http://[::ffff:127.0.0.1]:${port}`, `127.0.0.1:${port}`],
    ['http://desk.example', 'desk.example', { 'x-forwarded-proto': 'https' }],
    ['https://moved.example', `127.0.0.1:${port}`],
    ['https://desk.example:8443', 'desk.example'],
    [`http://localhost.:${port}`, `localhost:${port}`],
    [`http://LOCALHOST:${port}`, `localhost:${port}`],
    [`http://user@localhost:${port}`, `localhost:${port}`],
    [`http://localhost:${port}/`, `localhost:${port}`],
    [`http://localhost:${port} http://evil.example`, `localhost:${port}`],
    [`ws://localhost:${port}`, `localhost:${port}`],
    ['null', `localhost:${port}`],
    ['file://', `localhost:${port}`],
    ['', `localhost:${port}`],
  ];
  for (const [origin, host, more] of foreign)
    expect(await status(origin, host, more), `${origin} at ${host}`).toBe(403);
});

verifies('guard.foreign-page', 'changes nothing with only a cookie', async () => {
  const server = await startTestServer();
  const login = await fetch(`${server.url}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  const origin = server.url;
  const send = (path: string, headers: Record<string, string>, body = '') =>
    raw(server.url, path, { cookie, authorization: '', ...headers }, 'POST', body);
  const paths = ['/api/reset', '/api/pairings', '/api/logout/all', '/api/conversations/a/warm'];
  for (const path of paths) {
    for (const type of [
      undefined,
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
    ]) {
      const headers: Record<string, string> = type ? { 'content-type': type } : {};
      for (const from of [{}, { origin }] as Record<string, string>[]) {
        expect((await send(path, { ...headers, ...from })).status, `${path} ${type}`).toBe(403);
      }
    }
  }
  const form = { 'content-type': 'multipart/form-data; boundary=x' };
  const body = '--x\r\ncontent-disposition: form-data; name="message"\r\n\r\nhello\r\n--x--\r\n';
  expect((await send('/api/chat', { ...form, origin }, body)).status).toBe(403);
  expect((await send('/api/chat', form, body)).status).toBe(403);
  // Our page says that it is ours; a browser says so too.
  expect((await send('/api/chat', { ...form, origin, 'x-switchboard-page': '1' }, body)).status).toBe(200);
  expect((await send('/api/reset', { 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  expect((await send('/api/logout', { 'x-switchboard-page': '1' })).status).toBe(200);
});

verifies('guard.headers', 'sends the security headers with every answer', async () => {
  const server = await startTestServer();
  for (const path of ['/health', '/', '/api/status', '/nothing']) {
    const { headers } = await supertest(server.url).get(path);
    expect(headers['content-security-policy'], path).toContain("default-src 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['access-control-allow-origin']).toBeUndefined();
  }
});

verifies('guard.projects', 'lets agents work only in existing folders under the roots', async () => {
  const server = await startTestServer();
  const { root } = server.workspace;
  await mkdir(join(root, 'fine'));
  await symlink('/etc', join(root, 'link-out'));
  await symlink(join(root, 'fine'), join(root, 'link-in'));
  const code = async (project: string) =>
    (await (await server.post('/api/conversations', { project })).json()).code;
  expect(await code('/etc')).toBe('project_not_allowed');
  expect(await code(`${root}/..`)).toBe('project_not_allowed');
  expect(await code(`${root}-evil`)).toBe('project_not_allowed');
  expect(await code('/nowhere/at/all')).toBe('project_not_allowed');
  expect(await code(join(root, 'link-out'))).toBe('project_not_allowed');
  expect(await code('relative')).toBe('project_not_found');
  expect(await code(join(root, 'missing'))).toBe('project_not_found');
  const made = await (
    await server.post('/api/conversations', { id: 'a', project: join(root, 'link-in') })
  ).json();
  expect(made.project).toBe(join(root, 'fine'));
  await rmdir(join(root, 'fine'));
  await symlink('/etc', join(root, 'fine'));
  expect(await server.chat({ message: 'x', conv_id: 'a' })).toMatchObject({ code: 'project_not_allowed' });
});
