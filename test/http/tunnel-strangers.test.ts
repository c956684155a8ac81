import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import type { TunnelProvider } from '../../server/tunnel/port.ts';
import { basic } from '../helper/client.ts';
import { startTestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

/** A tunnel on this machine: it forwards every byte, and adds X-Forwarded-For to the first request of a connection. */
function createLoopbackTunnel() {
  /** The open connections to the server. */
  const inner = new Set<Socket>();
  let port = 0;
  const provider: TunnelProvider = {
    kind: 'ngrok',
    async connect(address) {
      const target = new URL(address.includes('://') ? address : `http://${address}`);
      const outside = createServer({ allowHalfOpen: true }, (client) => {
        const server = connect({ port: Number(target.port), host: '127.0.0.1', allowHalfOpen: true });
        inner.add(server);
        client.once('data', (head: Buffer) => {
          const [line = '', ...rest] = head.toString('latin1').split('\r\n');
          const from = `X-Forwarded-For: 198.51.100.${(client.remotePort ?? 0) % 250}`;
          server.write([line, from, ...rest].join('\r\n'), 'latin1');
          client.pipe(server);
        });
        server.pipe(client);
        server.once('end', () => client.destroy());
        for (const socket of [client, server]) {
          socket.on('error', () => {});
          socket.once('close', () => {
            inner.delete(server);
            client.destroy();
            server.destroy();
          });
        }
      });
      await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void outside.close());
      port = (outside.address() as AddressInfo).port;
      return { url: `http://127.0.0.1:${port}`, lost: new Promise(() => {}), close: async () => {} };
    },
  };
  return { provider, inner, port: () => port };
}

verifies(
  'http.strangers',
  'limits connections without credentials that come through a tunnel, and admits clients with credentials',
  async () => {
    const tunnel = createLoopbackTunnel();
    await startTestServer({ deps: { tunnelProvider: tunnel.provider } });
    await until('the tunnel', () => tunnel.port() > 0);
    const strangers = Array.from({ length: 400 }, (_, index) => {
      const socket = connect({ port: tunnel.port(), host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => {});
      if (index % 2) socket.write('GET /api/status HTTP/1.1\r\nHost: 127.0');
      return socket;
    });
    onTestFinished(() => {
      for (const socket of strangers) socket.destroy();
    });
    await until('the strangers', () => tunnel.inner.size > 256);
    const ask = () =>
      fetch(`http://127.0.0.1:${tunnel.port()}/api/status`, { headers: { authorization: basic } });
    expect((await ask()).status).toBe(200);
    // All come from one address, so only the total limit applies, not the 64 per address.
    await until('the limit', () => tunnel.inner.size <= 256 + 5);
    expect(tunnel.inner.size).toBeGreaterThan(64);
    expect((await ask()).status).toBe(200);
    // A connection without a complete request head is closed after a time.
    await until('the late ones', () => tunnel.inner.size <= 5, 60_000);
    expect((await ask()).status).toBe(200);
  },
);
