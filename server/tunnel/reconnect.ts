import { contain } from '../util/contain.ts';
import { settlesWithin } from '../util/timeout.ts';
import type { Tunnel, TunnelProvider, TunnelStatus } from './port.ts';
import { TunnelError } from './port.ts';

/** The delay before the first retry and the longest one, in ms; each retry doubles it. */
const defaultBackoff = { first: 1000, last: 60_000 };

/** How long a connect that hangs may delay the end of the server. */
const endTimeoutMs = 1000;

export type ReconnectDeps = {
  provider: TunnelProvider;
  onChange(status: TunnelStatus): void;
  warn(error: unknown, text: string): void;
  backoff?: { first: number; last: number };
};

/** A tunnel that stays open: it connects again after a loss, with a longer delay after each failure. */
export const keepTunnel = (deps: ReconnectDeps): Tunnel => new ReconnectingTunnel(deps);

class ReconnectingTunnel implements Tunnel {
  readonly #deps: ReconnectDeps;
  readonly #backoff: { first: number; last: number };
  #running = Promise.resolve();
  #status: TunnelStatus;
  #close: (() => Promise<void>) | null = null;
  #cancelDelay = () => {};
  #isDisposed = false;

  constructor(deps: ReconnectDeps) {
    this.#deps = deps;
    this.#backoff = deps.backoff ?? defaultBackoff;
    this.#status = { kind: deps.provider.kind, state: 'connecting', url: null, detail: null };
  }

  open(address: string): void {
    this.#running = this.#run(address);
  }

  status(): TunnelStatus {
    return this.#status;
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#cancelDelay();
    await this.#close?.().catch(() => {});
    await settlesWithin(this.#running, endTimeoutMs);
  }

  async #run(address: string): Promise<void> {
    const { first, last } = this.#backoff;
    for (let delayMs = first; !this.#isDisposed; delayMs = Math.min(delayMs * 2, last)) {
      try {
        const wasOpen = await this.#connectOnce(address);
        if (!wasOpen) return;
        delayMs = first;
      } catch (error) {
        const isFinal = error instanceof TunnelError && error.isFinal;
        const detail = (error as Error).message;
        this.#setStatus({ state: isFinal ? 'failed' : 'connecting', url: null, detail });
        if (isFinal) return;
      }
      if (!this.#isDisposed) await this.#delay(delayMs);
    }
  }

  /**
   * Connects and resolves when the connection is lost; false if the tunnel was disposed while it connected.
   */
  async #connectOnce(address: string): Promise<boolean> {
    const connection = await this.#deps.provider.connect(address);
    this.#close = connection.close;
    if (this.#isDisposed) return false;
    this.#setStatus({ state: 'open', url: connection.url, detail: null });
    const reason = await connection.lost;
    this.#close = null;
    const detail = `The connection was lost (${reason}); trying again.`;
    if (!this.#isDisposed) this.#setStatus({ state: 'connecting', url: null, detail });
    await connection.close().catch(() => {});
    return true;
  }

  #setStatus(change: Partial<TunnelStatus>): void {
    this.#status = { ...this.#status, ...change };
    if (this.#isDisposed) return;
    // A listener that fails must not end the reconnection.
    const onFault = (error: unknown) => this.#deps.warn(error, "failed to report the tunnel's state");
    contain(this.#deps.onChange, onFault)(this.#status);
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#cancelDelay = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** For a server without a tunnel. */
export const noTunnel: Tunnel = {
  open: () => {},
  status: () => ({ kind: 'none', state: 'off', url: null, detail: null }),
  dispose: async () => {},
};
