import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { basic } from '../helper/client.ts';
import { readUntil } from '../helper/event-reader.ts';
import { writeFakeClaude } from '../helper/fake-claude.ts';
import { startClaudeServer, startTestServer } from '../helper/server.ts';
import { createWorkspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

/** Sends several requests in one write, so that the server has them all before it answers the first. */
function sendTogether(
  url: string,
  requests: [method: string, path: string, body?: object][],
): Promise<string[]> {
  const { port } = new URL(url);
  const texts = requests.map(([method, path, body], index) => {
    const json = body ? JSON.stringify(body) : '';
    const close = index === requests.length - 1 ? 'Connection: close\r\n' : '';
    return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${basic}\r\nContent-Type: application/json\r\n${close}Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
  });
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(texts.join('')));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.once('end', () => resolve(answer.match(/HTTP\/1\.1 \d+/g)?.map((line) => line.slice(9)) ?? []));
    socket.once('error', reject);
  });
}

const answering = `cat >/dev/null; pwd > "$TMPDIR/cwd"
echo '{"type":"result","subtype":"success","result":"ok","session_id":"11111111-1111-4111-8111-111111111111"}'`;

verifies('turn.order', 'applies changes of one conversation one after the other', async () => {
  const workspace = await createWorkspace();
  const other = join(workspace.root, 'other');
  await mkdir(other);
  const server = await startClaudeServer({
    workspace,
    env: { CLAUDE_BIN: await writeFakeClaude(workspace, answering) },
  });
  await server.post('/api/conversations', { id: 'a', project: other });
  const turn = { message: 'x', conv_id: 'a', project: other };
  const together = await sendTogether(server.url, [
    ['POST', '/api/chat', turn],
    ['DELETE', '/api/conversations/a'],
  ]);
  expect(together).toEqual(['200', '409']);
  expect(
    execFileSync('cat', [join(workspace.root, 'cwd')])
      .toString()
      .trim(),
  ).toBe(other);
  const both = await sendTogether(server.url, [
    ['PATCH', '/api/conversations/a', { title: 'Kept' }],
    ['PATCH', '/api/conversations/a', { archived: true }],
  ]);
  expect(both).toEqual(['200', '200']);
  expect(await server.get('/api/conversations/a')).toMatchObject({ title: 'Kept', archived: true });
});

verifies('chat.compat', 'resets a session even while a message for it is in flight', async () => {
  const server = await startTestServer();
  const { session_id } = await server.chat({ message: 'one', conv_id: 'a' });
  const together = await sendTogether(server.url, [
    ['POST', '/api/conversations/a/turns', { message: 'two' }],
    ['POST', '/api/reset?conv_id=a'],
  ]);
  expect(together).toEqual(['202', '200']);
  const next = await server.chat({ message: 'three', conv_id: 'a' });
  expect(next.session_id).not.toBe(session_id);
});

verifies('agent.one-writer', 'refuses extra arguments that choose another session', async () => {
  const server = await startTestServer();
  for (const args of [
    ['-pc'],
    ['-r11111111-1111-4111-8111-111111111111'],
    ['-c'],
    ['--resume=x'],
    ['--continue'],
    ['-w', 'x'],
    ['--fork-session'],
    ['a\0b'],
  ]) {
    const response = await server.post('/api/conversations', { extra_args: args });
    expect(response.status, args.join(' ')).toBe(400);
    expect((await response.json()).field).toMatch(/^extra_args/);
  }
});

verifies(
  'access.ways',
  'cuts off what a revoked credential still reads, and forgets cookies of another password',
  async () => {
    const server = await startTestServer();
    const { id, token } = await (await server.post('/api/tokens', { label: 'x' })).json();
    const stream = await fetch(`${server.url}/api/events`, { headers: { authorization: `Bearer ${token}` } });
    const cut = readUntil(stream, () => false).then(
      () => 'ended',
      () => 'cut',
    );
    await server.remove(`/api/credentials/${id}`);
    expect(await cut).toBe('cut');
    const login = await fetch(`${server.url}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'switchboard', password: 'a long password for tests' }),
    });
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await fetch(`${server.url}/api/status`, { headers: { cookie } })).status).toBe(200);
    await server.server.dispose();
    const changed = await startTestServer({
      workspace: server.workspace,
      env: { AUTH_PASSWORD: 'another one' },
    });
    expect((await fetch(`${changed.url}/api/status`, { headers: { cookie } })).status).toBe(401);
  },
);

verifies('access.limit', 'does not read a large body without credentials', async () => {
  const server = await startTestServer();
  const response = await fetch(`${server.url}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"a":${'['.repeat(20_000)}`,
  });
  expect(response.status).toBe(413);
});

verifies(
  'guard.foreign-page',
  'checks a path in capitals like any other, and ends HEAD of a stream',
  async () => {
    const server = await startTestServer();
    const foreign = { 'sec-fetch-site': 'cross-site' };
    expect((await server.send('/API/conversations', { headers: foreign })).status).toBe(403);
    expect((await server.send('/api/events', { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(`${server.url}/assets/none.js`)).status).toBe(404);
  },
);

verifies('agent.one-writer', "reads only plain files among the CLI's session files", async () => {
  const workspace = await createWorkspace();
  const server = await startTestServer({ workspace });
  const folder = join(workspace.home, '.claude', 'sessions');
  await mkdir(folder, { recursive: true });
  execFileSync('mkfifo', [join(folder, '1.json')]);
  await writeFile(join(folder, '2.json'), 'null');
  await writeFile(join(folder, '3.json'), 'x'.repeat(100_000));
  expect(await server.chat({ message: 'hello' })).toMatchObject({ response: 'Echo: hello' });
});
