import { once } from 'node:events';
import { expect } from 'vitest';
import WebSocket from 'ws';
import { basic, password, username } from '../helper/client.ts';
import { startTestServer, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { createWorkspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const json = { 'content-type': 'application/json' };

async function signIn(server: TestServer): Promise<string> {
  const login = await fetch(`${server.url}/api/login`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ username, password }),
  });
  return login.headers.get('set-cookie')?.split(';')[0] ?? '';
}

/**
 * Opens a long poll, event streams and the stream of a turn with a credential. Resolves with how each ended.
 */
function openAll(
  server: TestServer,
  turnId: string,
  headers: Record<string, string>,
): { opened: Promise<unknown>; ends: Promise<string[]> } {
  // First: what the streams answer shows that it has come too.
  const poll = fetch(`${server.url}/api/turns/${turnId}?wait_s=300&for=end`, { headers });
  const calls = [
    fetch(`${server.url}/api/events`, { headers }),
    fetch(`${server.url}/api/conversations/busy/events`, { headers }),
    fetch(`${server.url}/api/chat`, {
      method: 'POST',
      headers: { ...json, ...headers, accept: 'text/event-stream' },
      body: JSON.stringify({ message: 'behind the one that runs', conv_id: 'busy' }),
    }),
  ];
  const endOf = async (call: Promise<Response>) => {
    try {
      await (await call).text();
      return 'ended';
    } catch {
      return 'cut';
    }
  };
  return { opened: Promise.all(calls), ends: Promise.all([...calls, poll].map(endOf)) };
}

verifies(
  'access.all-ends',
  'ends everything that is open after "sign out everywhere", whatever opened it',
  async () => {
    const server = await startTestServer();
    const { turn_id } = await server.accept('busy', { message: '[[hang]]' });
    const cookie = await signIn(server);
    const { token } = await (await server.post('/api/tokens', { label: 'x' })).json();
    const everyone: Record<string, string>[] = [
      { authorization: basic },
      { authorization: `Bearer ${token}` },
      { cookie },
    ];
    const all = everyone.map((headers) => openAll(server, turn_id, headers));
    await Promise.all(all.map(({ opened }) => opened));
    expect((await server.post('/api/logout/all', { tokens: true })).status).toBe(200);
    for (const { ends } of all) expect(await ends).toEqual(['cut', 'cut', 'cut', 'cut']);
    expect((await server.send('/api/status')).status).toBe(200);
    for (const headers of everyone.slice(1)) {
      expect((await fetch(`${server.url}/api/status`, { headers })).status).toBe(401);
    }
  },
);

verifies('access.all-ends', 'removes what a revoked token has added to the pushes', async () => {
  const server = await startTestServer({ env: { PUSH_PRIVATE_ADDRESSES: 'true' } });
  const devices = async () => (await server.get('/api/push')).devices.length;
  const add = (headers: Record<string, string>, url: string) =>
    fetch(`${server.url}/api/push/devices`, {
      method: 'POST',
      headers: { ...json, ...headers },
      body: JSON.stringify({ kind: 'webhook', url }),
    });
  const first = await (await server.post('/api/tokens', { label: 'one' })).json();
  const second = await (await server.post('/api/tokens', { label: 'two' })).json();
  await add({ authorization: `Bearer ${first.token}` }, 'http://127.0.0.1:1/one');
  await add({ authorization: `Bearer ${second.token}` }, 'http://127.0.0.1:1/two');
  await add({ authorization: basic }, 'http://127.0.0.1:1/three');
  expect(await devices()).toBe(3);
  await server.remove(`/api/credentials/${first.id}`);
  expect(await devices()).toBe(2);
  await server.post('/api/logout/all', { tokens: true });
  expect(await devices()).toBe(1);
});

verifies(
  'access.all-ends',
  'ends sign-ins, tokens and their pushes when the password changes, and not otherwise',
  async () => {
    const workspace = await createWorkspace();
    const start = (AUTH_PASSWORD: string) =>
      startTestServer({ workspace, env: { AUTH_PASSWORD, PUSH_PRIVATE_ADDRESSES: 'true' } });
    const server = await start(password);
    const cookie = await signIn(server);
    const { token } = await (await server.post('/api/tokens', { label: 'x' })).json();
    const bearer: Record<string, string> = { authorization: `Bearer ${token}` };
    await fetch(`${server.url}/api/push/devices`, {
      method: 'POST',
      headers: { ...json, ...bearer },
      body: JSON.stringify({ kind: 'ntfy', url: 'http://127.0.0.1:1/topic' }),
    });
    await server.server.dispose();
    const same = await start(password);
    for (const headers of [{ cookie }, bearer] as Record<string, string>[])
      expect((await fetch(`${same.url}/api/status`, { headers })).status).toBe(200);
    await same.server.dispose();
    const other = await start('another long password');
    for (const headers of [{ cookie }, bearer] as Record<string, string>[])
      expect((await fetch(`${other.url}/api/status`, { headers })).status).toBe(401);
    const anew = {
      authorization: `Basic ${Buffer.from(`${username}:another long password`).toString('base64')}`,
    };
    const read = async (path: string) => (await fetch(other.url + path, { headers: anew })).json();
    expect(await read('/api/credentials')).toEqual({ credentials: [] });
    expect((await read('/api/push')).devices).toEqual([]);
    await other.server.dispose();
    const back = await start(password);
    expect((await fetch(`${back.url}/api/status`, { headers: bearer })).status).toBe(401);
  },
);

verifies(
  'access.all-ends',
  'closes live terminals, also those that were opened with the password',
  async () => {
    const server = await startTestServer();
    const { id } = await (
      await server.post('/api/hosts/local/sessions', { project: server.workspace.project })
    ).json();
    const open = async (headers: Record<string, string>) => {
      const answer = await fetch(`${server.url}/api/hosts/local/sessions/${id}/terminal`, {
        method: 'POST',
        headers: { ...json, ...headers },
        body: '{}',
      });
      const { ticket } = await answer.json();
      return `${server.url.replace('http', 'ws')}/api/hosts/local/sessions/${id}/terminal?ticket=${ticket}`;
    };
    const socket = new WebSocket(await open({ authorization: basic }));
    await once(socket, 'open');
    const unused = await open({ authorization: basic });
    const closed = once(socket, 'close');
    await server.post('/api/logout/all', { tokens: true });
    await closed;
    const late = new WebSocket(unused);
    const [, refusal] = await once(late, 'unexpected-response');
    expect(refusal.statusCode).toBe(401);
    await server.remove(`/api/hosts/local/sessions/${id}`);
    await until(
      'its end',
      async () => (await server.send(`/api/hosts/local/sessions/${id}/terminal`)).status !== 200,
    );
  },
);
