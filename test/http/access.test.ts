import { readFileSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import supertest from 'supertest';
import { expect } from 'vitest';
import { createLoginLimit } from '../../server/access/login-limit.ts';
import { createPasswordCheck } from '../../server/access/password.ts';
import { checkExposure } from '../../server/config.ts';
import type { TunnelProvider } from '../../server/tunnel/port.ts';
import { password, username } from '../helper/client.ts';
import { startTestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const wrongBasic = (word = 'wrong') => `Basic ${Buffer.from(`${username}:${word}`).toString('base64')}`;

verifies('access.ways', 'accepts Basic credentials, with a challenge only for scripts', async () => {
  const server = await startTestServer();
  const api = supertest(server.url);
  const none = await api.get('/api/status');
  expect(none.status).toBe(401);
  expect(none.headers['www-authenticate']).toBe('Basic realm="switchboard"');
  expect(none.body).toMatchObject({ code: 'not_signed_in', success: false });
  const browser = await api
    .get('/api/status')
    .set('sec-fetch-mode', 'cors')
    .set('sec-fetch-site', 'same-origin');
  expect(browser.headers['www-authenticate']).toBeUndefined();
  expect((await api.get('/api/status').set('authorization', wrongBasic())).body.code).toBe(
    'wrong_credentials',
  );
  expect((await api.get('/api/status').set('authorization', 'Basic !!!')).status).toBe(401);
  expect((await api.get('/api/status').auth(username, password)).status).toBe(200);
  expect((await api.get('/api/status').auth('other', password)).status).toBe(401);
  expect((await api.get('/health')).body).toEqual({
    status: 'healthy',
    service: 'switchboard',
    version: '0.0.0-test',
  });
});

verifies('access.ways', 'accepts a password in UTF-8', async () => {
  const server = await startTestServer({ env: { AUTH_PASSWORD: 'pässwörd €' } });
  const authorization = `Basic ${Buffer.from(`${username}:pässwörd €`).toString('base64')}`;
  expect((await fetch(`${server.url}/api/status`, { headers: { authorization } })).status).toBe(200);
});

verifies('access.ways', 'signs a browser in and out with a cookie, and stores only its hash', async () => {
  const server = await startTestServer();
  const api = supertest(server.url);
  const login = await api.post('/api/login').send({ username, password });
  const [cookie = ''] = login.headers['set-cookie'] as unknown as string[];
  expect(cookie).toMatch(/^switchboard=[\w-]{43}; .*HttpOnly; SameSite=Strict/);
  const value = cookie.split(';')[0] ?? '';
  expect((await api.get('/api/status').set('cookie', value)).status).toBe(200);
  // A page on another port can set cookies for this host: they neither sign anyone out nor break a page.
  expect((await api.get('/api/status').set('cookie', `switchboard=x; switchboard=y; ${value}`)).status).toBe(
    200,
  );
  for (const prefs of ['{"theme":{"toString":1},"size":[]}', '{"language":{"a":1}}', '[', '%', '"x"']) {
    expect((await api.get('/').set('cookie', `prefs=${prefs}; ${value}`)).status, prefs).toBeLessThan(500);
  }
  const { credentials } = (await api.get('/api/credentials').set('cookie', value)).body;
  expect(credentials).toMatchObject([{ kind: 'cookie', current: true }]);
  const files = await readdir(server.workspace.data);
  for (const file of files) {
    expect(
      (await readFile(join(server.workspace.data, file))).includes(value.split('=')[1] ?? '?'),
      file,
    ).toBe(false);
  }
  expect((await api.post('/api/logout').set('cookie', value)).body).toEqual({ signed_out: true });
  expect((await api.get('/api/status').set('cookie', value)).status).toBe(401);
  expect((await api.post('/api/login').send({ username, password: 'wrong' })).body.code).toBe(
    'wrong_credentials',
  );
});

verifies('access.ways', 'creates and revokes tokens', async () => {
  const server = await startTestServer();
  const made = await server.post('/api/tokens', { label: 'laptop' });
  expect(made.status).toBe(201);
  const { id, token } = (await made.json()) as { id: string; token: string };
  const use = () => fetch(`${server.url}/api/status`, { headers: { authorization: `Bearer ${token}` } });
  expect((await use()).status).toBe(200);
  expect((await server.get('/api/credentials')).credentials).toMatchObject([
    { id, kind: 'token', label: 'laptop' },
  ]);
  const again = await server.restart();
  expect(
    (await fetch(`${again.url}/api/status`, { headers: { authorization: `Bearer ${token}` } })).status,
  ).toBe(200);
  expect((await again.remove(`/api/credentials/${id}`)).status).toBe(200);
  expect(
    (await fetch(`${again.url}/api/status`, { headers: { authorization: `Bearer ${token}` } })).status,
  ).toBe(401);
});

verifies('access.limit', 'limits wrong passwords per address, and reports for how long', async () => {
  const server = await startTestServer();
  const { token } = await (await server.post('/api/tokens', { label: 'before' })).json();
  for (let i = 0; i < 10; i += 1)
    await fetch(`${server.url}/api/status`, { headers: { authorization: wrongBasic(`w${i}`) } });
  const blocked = await fetch(`${server.url}/api/status`, { headers: { authorization: wrongBasic() } });
  expect(blocked.status).toBe(429);
  expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(60);
  expect(await blocked.json()).toMatchObject({ code: 'too_many_logins' });
  const login = await fetch(`${server.url}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  expect(login.status).toBe(429);
  expect(
    (await fetch(`${server.url}/api/status`, { headers: { authorization: `Bearer ${token}` } })).status,
  ).toBe(200);
});

verifies(
  'access.limit',
  'limits guesses from many addresses without locking the right password out',
  async () => {
    const check = createPasswordCheck({
      username,
      password,
      limit: createLoginLimit({ perAddress: 3, inAll: 20 }),
    });
    const guess = (address: string) => check(address, username, 'wrong').catch((error) => error.code);
    for (let i = 0; i < 20; i += 1) expect(await guess(`10.0.0.${i}`)).toBe('wrong_credentials');
    expect(await guess('10.0.1.1')).toBe('wrong_credentials');
    expect(await guess('10.0.1.1')).toBe('too_many_logins');
    await expect(check('10.0.2.2', username, password)).resolves.toBeUndefined();
    await expect(check('10.0.1.1', username, password)).rejects.toMatchObject({ code: 'too_many_logins' });
    for (let i = 0; i < 3; i += 1) await guess(`2001:db8:1:2::${i}`);
    expect(await guess('2001:db8:1:2:ffff::9')).toBe('too_many_logins');
  },
);

verifies(
  'access.tunnel-address',
  'trusts X-Forwarded-For only from the tunnel, and marks its cookies secure',
  async () => {
    let address = '';
    const provider: TunnelProvider = {
      kind: 'ngrok',
      connect: async (target) => {
        address = target;
        return { url: 'https://phone.ngrok.example', lost: new Promise(() => {}), close: async () => {} };
      },
    };
    const server = await startTestServer({ deps: { tunnelProvider: provider } });
    await until('the tunnel', () => address);
    const call = (port: string, forwardedFor: string) =>
      new Promise<{ status: number; cookie: string }>((resolve) => {
        const headers = {
          host: 'phone.ngrok.example',
          'x-forwarded-for': forwardedFor,
          'content-type': 'application/json',
        };
        const sent = request(
          { host: '127.0.0.1', port, path: '/api/login', method: 'POST', headers },
          (response) => {
            response.resume();
            resolve({ status: response.statusCode ?? 0, cookie: String(response.headers['set-cookie']) });
          },
        );
        sent.end(
          JSON.stringify({ username, password: forwardedFor.startsWith('right') ? password : 'wrong' }),
        );
      });
    const tunnelPort = address.split(':')[1] ?? '';
    for (let i = 0; i < 11; i += 1) await call(tunnelPort, `spoofed-${i}, 203.0.113.9`);
    expect((await call(tunnelPort, 'spoofed, 203.0.113.9')).status).toBe(429);
    expect((await call(tunnelPort, 'right, 203.0.113.10')).cookie).toContain('Secure');
    const direct = new URL(server.url).port;
    for (let i = 0; i < 11; i += 1) await call(direct, `203.0.113.${i + 20}`);
    expect((await call(direct, '203.0.113.99')).status).toBe(429);
  },
);

verifies('access.exposure', 'refuses to be reachable without a password that the user has set', () => {
  const check = (HOST: string, TUNNEL: 'none' | 'ngrok', AUTH_PASSWORD: string) => () =>
    checkExposure({ HOST, TUNNEL, AUTH_PASSWORD });
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'desk.example'])
    expect(check(host, 'none', '')).toThrow(/AUTH_PASSWORD/);
  expect(check('127.0.0.1', 'ngrok', '')).toThrow(/AUTH_PASSWORD/);
  for (const host of ['127.0.0.1', 'localhost', '::1', '127.5.5.5'])
    expect(check(host, 'none', '')).not.toThrow();
  expect(check('0.0.0.0', 'ngrok', 'chosen by a person')).not.toThrow();
});

verifies('access.password', 'generates a password once, readable only by its owner', async () => {
  const server = await startTestServer({ env: { AUTH_PASSWORD: '' } });
  const file = server.server.passwordFile ?? '';
  const made = readFileSync(file, 'utf8').trim();
  expect(made).toMatch(/^[a-z0-9]{5}(-[a-z0-9]{5}){3}$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await supertest(server.url).get('/api/status').auth(username, made)).status).toBe(200);
  await server.restart();
  expect(readFileSync(file, 'utf8').trim()).toBe(made);
});

verifies('store.private', 'keeps every file of the data folder from others', async () => {
  const server = await startTestServer({ env: { AUTH_PASSWORD: '' } });
  await server.restart().then((again) =>
    supertest(again.url)
      .post('/api/conversations')
      .auth(username, readFileSync(again.server.passwordFile ?? '', 'utf8').trim())
      .send({ id: 'a' }),
  );
  const files = await readdir(server.workspace.data);
  expect(files).toEqual(expect.arrayContaining(['sessions.json', 'switchboard.db', 'password']));
  for (const file of files) expect(statSync(join(server.workspace.data, file)).mode & 0o077, file).toBe(0);
});
