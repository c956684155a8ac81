import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { password, username } from '../helper/client.ts';
import { startBuilt } from '../helper/packaged.ts';
import { packageRoot } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, serverEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const run = promisify(execFile);

verifies('http.upgrade', 'answers curl --http2 and other protocol upgrades like any request', async () => {
  const { server, workspace } = await startBuilt();
  const curl = async (...args: string[]) => {
    const { stdout } = await run('curl', ['-s', '--http2', '-u', `${username}:${password}`, ...args]);
    return stdout;
  };
  expect(JSON.parse(await curl(`${server.url}/health`))).toMatchObject({ status: 'healthy' });
  expect(JSON.parse(await curl(`${server.url}/api/status`))).toMatchObject({ turns: { running: 0 } });
  expect(JSON.parse(await curl(`${server.url}/api/nowhere`))).toMatchObject({ code: 'route_not_found' });
  const file = join(workspace.root, 'message.json');
  await writeFile(file, JSON.stringify({ message: `long ${'x'.repeat(3_000_000)}`, literal: 'wrong' }));
  const type = ['-H', 'content-type: application/json'];
  expect(
    JSON.parse(await curl(...type, '--data-binary', `@${file}`, `${server.url}/api/chat`)),
  ).toMatchObject({ field: 'literal' });
  await writeFile(file, JSON.stringify({ message: 'hello' }));
  expect(
    JSON.parse(
      await curl(
        ...type,
        '-H',
        'transfer-encoding: chunked',
        '--data-binary',
        `@${file}`,
        `${server.url}/api/chat`,
      ),
    ),
  ).toMatchObject({
    response: 'Echo: hello',
  });

  const { port } = new URL(server.url);
  const talk = async (text: string, answers: number) => {
    const socket = connect(Number(port), '127.0.0.1');
    let got = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      got += chunk;
    });
    socket.write(text);
    await until('answers', () => got.split('HTTP/1.1 ').length > answers);
    socket.destroy();
    return [...got.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
  };
  const ask = (path: string, ...more: string[]) =>
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${more.map((line) => `${line}\r\n`).join('')}\r\n`;
  const h2c = [
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  ];
  expect(
    await talk(ask('/health', ...h2c) + ask('/health') + ask('/health', ...h2c) + ask('/api/status'), 4),
  ).toEqual(['200', '200', '200', '401']);
  expect(await talk(ask('/health', 'Connection: upgrade', 'Upgrade: TLS/1.0, h2c'), 1)).toEqual(['200']);
  const socket = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  expect(await talk(ask('/api/status', ...socket), 1)).toEqual(['404']);
  expect(await talk(ask('/api/hosts/local/sessions/0/terminal', ...socket), 1)).toEqual(['401']);
  expect(
    await talk(ask('/api/hosts/local/sessions/0/terminal', 'Origin: http://evil.example', ...socket), 1),
  ).toEqual(['403']);
});

/** Sends a request, closes the sending side, and gives all that comes back. */
async function askHalfClosed(port: number, head: string[], body = ''): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.setEncoding('utf8');
  socket.end(`${head.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  let got = '';
  for await (const chunk of socket) got += chunk;
  return got;
}

const authorization = `Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** The connections that a server on this port has not closed: established, or closed by the client alone. */
async function countConnections(port: number): Promise<number> {
  const rows = (await readFile('/proc/net/tcp', 'utf8')).trim().split('\n').slice(1);
  const isOpen = (row: string) => {
    const [, local = '', , state = ''] = row.trim().split(/\s+/);
    return Number.parseInt(local.split(':')[1] ?? '', 16) === port && ['01', '08'].includes(state);
  };
  return rows.filter(isOpen).length;
}

verifies(
  'http.half-closed',
  'answers a client that closes its side after the request, and notices one that is gone',
  async () => {
    const { server } = await startBuilt();
    const port = Number(new URL(server.url).port);
    const head = (request: string, ...more: string[]) => [
      request,
      `Host: 127.0.0.1:${port}`,
      authorization,
      'Content-Type: application/json',
      ...more,
    ];
    const message = JSON.stringify({ message: '[[slow 10 20ms]]' });
    const [first = '', last = ''] = ['word1', 'word10'];
    const json = await askHalfClosed(port, head('POST /api/chat HTTP/1.1'), message);
    expect(json).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(json).toContain(`${first} word2`);
    expect(await askHalfClosed(port, head('POST /api/chat HTTP/1.0'), message)).toContain(last);
    const upgrade = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
    expect(await askHalfClosed(port, head('POST /api/chat HTTP/1.1', ...upgrade), message)).toContain(last);
    for (const type of ['text/event-stream', 'text/plain']) {
      const streamed = await askHalfClosed(port, head('POST /api/chat HTTP/1.1', `Accept: ${type}`), message);
      expect(streamed, type).toContain(last);
      if (type === 'text/event-stream') expect(streamed).toContain('event: turn.completed');
    }

    // By the kernel's table: descriptors also belong to agents, whose pipes close meanwhile. A few are of this test's client.
    const few = 10;
    const open = () => countConnections(port);
    const connectAll = async (count: number, request: string[]) => {
      const sockets = Array.from({ length: count }, () => connect({ port, host: '127.0.0.1' }));
      for (const socket of sockets) socket.on('error', () => {}).write(`${request.join('\r\n')}\r\n\r\n`);
      await until('the connections', async () => (await open()) >= count);
      return sockets;
    };
    const streams = await connectAll(20, head('GET /api/events HTTP/1.1'));
    await Promise.all(streams.map((socket) => once(socket, 'data')));
    for (const socket of streams) socket.destroy();
    await until('the end of the streams', async () => (await open()) <= few);
    // Of those who wait for an answer and are gone, a bounded number stays until it comes.
    const { turn_id } = await server.accept('default', { message: '[[hang]]' });
    const waiting = await connectAll(100, head(`GET /api/turns/${turn_id}?wait_s=60 HTTP/1.1`));
    for (const socket of waiting) socket.destroy();
    await until('the limit', async () => (await open()) <= 64 + few);
    await server.post(`/api/turns/${turn_id}/cancel`, {});
    await until('no connection', async () => (await open()) <= few);
  },
);

const files = 300;

verifies(
  'http.strangers',
  'bounds connections without credentials and frees their descriptors, while whoever has some gets in',
  async () => {
    const workspace = await createWorkspace();
    const main = join(packageRoot, 'dist/server/main.js');
    const child = spawn('sh', ['-c', `ulimit -n ${files} && exec "$0" "$1"`, process.execPath, main], {
      cwd: workspace.root,
      env: serverEnv(workspace, null),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'exit');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const url = await until('its address', () => /Address +(\S+)/.exec(output)?.[1]);
    const open = async () => (await readdir(`/proc/${child.pid}/fd`)).length;
    const before = await open();
    const port = Number(new URL(url).port);
    const sockets: Socket[] = [];
    for (let at = 0; at < 400; at += 1) {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => {});
      if (at % 2) socket.write('GET /api/status HTTP/1.1\r\nHost: 127.0');
      sockets.push(socket);
    }
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    await until('the connections', async () => (await open()) > before + 150);
    // First down to what one address may hold, then, with the time for a head, to none.
    await until('the limit', async () => (await open()) <= before + 64 + 5);
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    expect((await fetch(`${url}/api/status`, { headers: { authorization } })).status).toBe(200);
    await until('free descriptors', async () => (await open()) <= before + 5, 60_000);
    expect(output).not.toMatch(/Error/);
  },
  120_000,
);
