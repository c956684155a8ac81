import { contain } from '../util/contain.ts';
import type { Tunnel, TunnelProvider, TunnelStatus } from './port.ts';
import { TunnelError } from './port.ts';

/** The first wait before a connection is tried again, in ms; it doubles up to the last. */
const backoff = { first: 1000, last: 60_000 };

/** Keeps a tunnel open: connects again after a loss, waiting longer each time that fails. */
export function keepTunnel(deps: {
  provider: TunnelProvider;
  address: string;
  onChange(status: TunnelStatus): void;
  warn(error: unknown, text: string): void;
  backoff?: { first: number; last: number };
}): Tunnel {
  const { first, last } = deps.backoff ?? backoff;
  let status: TunnelStatus = { kind: deps.provider.kind, state: 'connecting', url: null, detail: null };
  let close: (() => Promise<void>) | null = null;
  let cancelWait = () => {};
  let isDisposed = false;

  function set(change: Partial<TunnelStatus>): void {
    status = { ...status, ...change };
    // What is told of it must not end the work of keeping it open.
    if (!isDisposed)
      contain(deps.onChange, (error) => deps.warn(error, 'the state of the tunnel could not be told'))(
        status,
      );
  }

  const wait = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      cancelWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function run(): Promise<void> {
    for (let delay = first; !isDisposed; delay = Math.min(delay * 2, last)) {
      try {
        const connection = await deps.provider.connect(deps.address);
        close = connection.close;
        if (isDisposed) break;
        set({ state: 'open', url: connection.url, detail: null });
        delay = first;
        const reason = await connection.lost;
        close = null;
        if (!isDisposed)
          set({
            state: 'connecting',
            url: null,
            detail: `The connection was lost (${reason}); trying again.`,
          });
        await connection.close().catch(() => {});
      } catch (error) {
        const isFinal = error instanceof TunnelError && error.isFinal;
        set({ state: isFinal ? 'failed' : 'connecting', url: null, detail: (error as Error).message });
        if (isFinal) return;
      }
      if (!isDisposed) await wait(delay);
    }
  }

  const running = run();
  return {
    status: () => status,
    async dispose() {
      isDisposed = true;
      cancelWait();
      await close?.().catch(() => {});
      // A connect that hangs must not hold up the end of the server.
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    },
  };
}

/** Where no tunnel is wanted. */
export const noTunnel: Tunnel = {
  status: () => ({ kind: 'none', state: 'off', url: null, detail: null }),
  dispose: async () => {},
};
