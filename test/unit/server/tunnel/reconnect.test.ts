import { expect } from 'vitest';
import {
  type TunnelConnection,
  TunnelError,
  type TunnelProvider,
  type TunnelStatus,
} from '../../../../server/tunnel/port.ts';
import { keepTunnel, noTunnel } from '../../../../server/tunnel/reconnect.ts';
import { until } from '../../../helper/until.ts';
import { verifies } from '../../../requirement/verifies.ts';

/** A provider whose connections the test opens, loses and refuses. */
function createTwin(script: (() => Promise<string>)[]) {
  const lose: ((reason: string) => void)[] = [];
  let closed = 0;
  const provider: TunnelProvider = {
    kind: 'ngrok',
    async connect(): Promise<TunnelConnection> {
      const url = await (script.shift() ?? (() => new Promise<string>(() => {})))();
      const lost = new Promise<string>((resolve) => lose.push(resolve));
      return {
        url,
        lost,
        close: async () => {
          closed += 1;
        },
      };
    },
  };
  return { provider, lose, closed: () => closed };
}

const quick = { first: 5, last: 20 };

verifies('tunnel.kept', 'comes back after refusals and losses', async () => {
  const refuse = () => Promise.reject(new TunnelError('offline'));
  const twin = createTwin([
    refuse,
    refuse,
    async () => 'https://one.example',
    refuse,
    async () => 'https://two.example',
  ]);
  const seen: TunnelStatus[] = [];
  const tunnel = keepTunnel({
    provider: twin.provider,
    onChange: (status) => seen.push(status),
    backoff: quick,
    warn: expect.fail,
  });
  tunnel.open('127.0.0.1:1');
  expect(tunnel.status()).toMatchObject({ kind: 'ngrok', state: 'connecting', url: null });
  await until('the first connection', () => tunnel.status().url === 'https://one.example');
  expect(seen[0]).toMatchObject({ state: 'connecting', detail: 'offline' });
  twin.lose[0]?.('the network changed');
  await until('the second connection', () => tunnel.status().url === 'https://two.example');
  expect(seen.some((status) => status.detail?.includes('the network changed'))).toBe(true);
  expect(twin.closed()).toBe(1);
  await tunnel.dispose();
  expect(twin.closed()).toBe(2);
  expect(noTunnel.status()).toEqual({ kind: 'none', state: 'off', url: null, detail: null });
});

verifies('tunnel.kept', 'gives up if no retry can help, and says why', async () => {
  const twin = createTwin([
    () => Promise.reject(new TunnelError('bad token', { isFinal: true })),
    async () => 'https://never.example',
  ]);
  const tunnel = keepTunnel({
    provider: twin.provider,
    onChange: () => {},
    backoff: quick,
    warn: expect.fail,
  });
  tunnel.open('127.0.0.1:1');
  await until('the failure', () => tunnel.status().state === 'failed');
  expect(tunnel.status()).toMatchObject({ url: null, detail: 'bad token' });
  await tunnel.dispose();
});
