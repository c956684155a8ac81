import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { TestServer } from '../helper/server.ts';
import { isIdle, said, sessions, startTerminal, startWithTmux } from '../helper/terminal.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

type Opened = { socket: WebSocket; shown(): string; type(text: string): void; closed: Promise<number> };

const addressOf = async (server: TestServer, id: string) => {
  const { ticket } = await (await server.post(`${sessions}/${id}/terminal`, {})).json();
  return `${server.url.replace('http', 'ws')}${sessions}/${id}/terminal?ticket=${ticket}`;
};

/** Opens a socket; `shown` is all that has come. */
async function open(address: string): Promise<Opened> {
  const socket = new WebSocket(address);
  onTestFinished(() => socket.terminate());
  let bytes = Buffer.alloc(0);
  socket.on('message', (data: Buffer) => {
    bytes = Buffer.concat([bytes, data]);
  });
  const closed = once(socket, 'close').then(([code]) => Number(code));
  await once(socket, 'open');
  return {
    socket,
    shown: () => bytes.toString('utf8'),
    type: (text) => socket.send(Buffer.from(text)),
    closed,
  };
}

/** The status that an attempt to open one is refused with. */
async function refusal(address: string, headers: Record<string, string> = {}): Promise<number> {
  const socket = new WebSocket(address, { headers });
  socket.on('error', () => {});
  const [, response] = await once(socket, 'unexpected-response');
  return response.statusCode;
}

verifies(
  'terminal.live',
  'shows what is there and what comes, byte for byte, takes keys and a size, and says that it has ended',
  async () => {
    const server = await startWithTmux();
    const { id } = await startTerminal(server);
    await server.post(`${sessions}/${id}/send`, { message: 'said before: äöü 日本 🙂' });
    await until('the answer', async () => (await said(server, id)).includes('Echo: said before'));
    await isIdle(server, id);
    const one = await open(await addressOf(server, id));
    const two = await open(await addressOf(server, id));
    await until('what is there', async () => one.shown().includes('äöü 日本 🙂'));
    one.type('typed live: ñ 漢字 \\101 %output');
    await until('the keys', async () => one.shown().includes('漢字') && two.shown().includes('漢字'));
    one.type('\r');
    await until('the answer', async () =>
      (await said(server, id)).includes('Echo: typed live: ñ 漢字 \\\\101 %output'),
    );
    // Words are drawn with movements of the cursor between them.
    await until('it there too', async () => two.shown().endsWith(one.shown().slice(-100)));
    one.socket.send(JSON.stringify({ columns: 60, rows: 20 }));
    const size = () =>
      server
        .tmux(
          '-L',
          'switchboard',
          'display-message',
          '-p',
          '-t',
          `=sb-${id}:`,
          '#{window_width}x#{window_height}',
        )
        .stdout.trim();
    await until('the size', async () => size() === '60x20');
    one.socket.send('{"columns":1}');
    one.socket.send('no json');
    await server.remove(`${sessions}/${id}`);
    expect([await one.closed, await two.closed]).toEqual([4000, 4000]);
  },
);

verifies(
  'terminal.live',
  'lets in nobody without a ticket, twice with one, or from another page, and ends with its sign-in',
  async () => {
    const server = await startWithTmux();
    const { id } = await startTerminal(server);
    const address = await addressOf(server, id);
    expect(await refusal(address, { origin: 'https://evil.example' })).toBe(403);
    const rebound = await addressOf(server, id);
    expect(await refusal(rebound, { host: 'evil.example' })).toBe(403);
    expect(await refusal(address.replace(/ticket=.*/, 'ticket=none'))).toBe(401);
    expect(await refusal(address.replace('/terminal?', '/elsewhere?'))).toBe(404);
    // Malformed addresses: none can stop the server.
    expect(await refusal(`${server.url.replace('http', 'ws')}//`)).toBe(404);
    expect(await refusal(`${server.url.replace('http', 'ws')}/api/hosts/x/sessions/%ff/terminal`)).toBe(401);
    const opened = await open(address);
    expect(await refusal(address)).toBe(401);
    const outside = await fetch(`${server.url}${sessions}/${id}/terminal`, { method: 'POST' });
    expect(outside.status).toBe(401);
    expect((await server.post(`${sessions}/00000000-0000-4000-8000-000000000000/terminal`, {})).status).toBe(
      404,
    );

    const { token, id: credential } = await (
      await server.post('/api/tokens', { label: 'to be revoked' })
    ).json();
    const byToken = await fetch(`${server.url}${sessions}/${id}/terminal`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    const late = await fetch(`${server.url}${sessions}/${id}/terminal`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    const lateTicket = (await late.json()).ticket;
    const revoked = await open(
      `${server.url.replace('http', 'ws')}${sessions}/${id}/terminal?ticket=${(await byToken.json()).ticket}`,
    );
    await server.remove(`/api/credentials/${credential}`);
    await revoked.closed;
    expect(
      await refusal(`${server.url.replace('http', 'ws')}${sessions}/${id}/terminal?ticket=${lateTicket}`),
    ).toBe(401);
    const elsewhere = (await addressOf(server, id)).replace(id, '00000000-0000-4000-8000-000000000000');
    expect(await refusal(elsewhere)).toBe(401);
    expect(opened.socket.readyState).toBe(WebSocket.OPEN);
  },
);
