import { mkdir, rmdir, symlink } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import supertest from 'supertest';
import { expect } from 'vitest';
import { basic } from '../helper/client.ts';
import { startTestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

/** A request with headers that fetch does not let one set. */
function raw(url: string, path: string, headers: Record<string, string>, method = 'GET', body = ''): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(url + path, { method, headers: { authorization: basic, ...headers } }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.once('error', reject);
    call.end(body);
  });
}

verifies('guard.foreign-page', 'answers only for its own names', async () => {
  const server = await startTestServer({ env: { ALLOWED_HOSTS: 'desk.example, other.example' } });
  const { port } = new URL(server.url);
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'desk.example', 'DESK.example:443']) {
    expect((await raw(server.url, '/api/status', { host })).status, host).toBe(200);
  }
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '127.0.0.1.evil.example']) {
    const { status, text } = await raw(server.url, '/api/status', { host });
    expect(status, host).toBe(403);
    expect(JSON.parse(text).code).toBe('host_not_allowed');
  }
  expect((await raw(server.url, '/health', { host: 'probe.example' })).status).toBe(200);
  expect((await raw(server.url, '/', { host: 'evil.example' })).status).toBe(403);
});

verifies('guard.foreign-page', 'takes nothing from other pages', async () => {
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
    expect((await raw(server.url, '/api/chat', { ...json, ...headers }, 'POST', body)).status, JSON.stringify(headers)).toBe(403);
    expect((await raw(server.url, '/api/sessions', headers)).status, JSON.stringify(headers)).toBe(403);
  }
  expect((await raw(server.url, '/api/sessions', { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  expect((await raw(server.url, '/api/sessions', { origin: 'https://desk.example', host: 'desk.example' })).status).toBe(200);
  const form = 'multipart/form-data; boundary=x';
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    expect((await raw(server.url, '/api/chat', { 'content-type': type }, 'POST', body)).status, type).toBe(415);
  }
  // Files are taken where messages are, from our own page or a script that names its credentials.
  expect((await raw(server.url, '/api/reset', { 'content-type': form }, 'POST', body)).status).toBe(415);
  expect((await raw(server.url, '/api/chat', { 'content-type': form, origin: 'https://evil.example' }, 'POST', body)).status).toBe(403);
  expect((await raw(server.url, '/api/chat', { 'content-type': form, 'sec-fetch-site': 'none' }, 'POST', body)).status).toBe(415);
  // A link from another page may lead to ours.
  expect((await raw(server.url, '/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status).not.toBe(403);
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

verifies('guard.projects', 'lets agents work in existing folders under the roots only', async () => {
  const server = await startTestServer();
  const { root } = server.workspace;
  await mkdir(join(root, 'fine'));
  await symlink('/etc', join(root, 'link-out'));
  await symlink(join(root, 'fine'), join(root, 'link-in'));
  const code = async (project: string) => (await (await server.post('/api/conversations', { project })).json()).code;
  expect(await code('/etc')).toBe('project_not_allowed');
  expect(await code(`${root}/..`)).toBe('project_not_allowed');
  expect(await code(`${root}-evil`)).toBe('project_not_allowed');
  expect(await code('/nowhere/at/all')).toBe('project_not_allowed');
  expect(await code(join(root, 'link-out'))).toBe('project_not_allowed');
  expect(await code('relative')).toBe('project_not_found');
  expect(await code(join(root, 'missing'))).toBe('project_not_found');
  const made = await (await server.post('/api/conversations', { id: 'a', project: join(root, 'link-in') })).json();
  expect(made.project).toBe(join(root, 'fine'));
  await rmdir(join(root, 'fine'));
  await symlink('/etc', join(root, 'fine'));
  expect(await server.chat({ message: 'x', conv_id: 'a' })).toMatchObject({ code: 'project_not_allowed' });
});
