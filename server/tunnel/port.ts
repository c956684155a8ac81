export type TunnelStatus = {
  kind: 'none' | 'ngrok';
  state: 'off' | 'connecting' | 'open' | 'failed';
  url: string | null;
  /** What is wrong and how to fix it. */
  detail: string | null;
};

/** A way in from the internet, kept open. */
export interface Tunnel {
  status(): TunnelStatus;
  /** Forwards to this address (`host:port`) from now on. */
  open(address: string): void;
  dispose(): Promise<void>;
}

/** A connection of a provider that stands; `lost` resolves with the reason when it no longer does. */
export type TunnelConnection = { url: string; lost: Promise<string>; close(): Promise<void> };

/** Opens tunnels. Throws TunnelError with `isFinal` for a failure that no retry can fix. */
export interface TunnelProvider {
  kind: TunnelStatus['kind'];
  connect(address: string): Promise<TunnelConnection>;
}

/** Why a tunnel could not be opened, with the cure. */
export class TunnelError extends Error {
  override name = 'TunnelError';
  readonly isFinal: boolean;
  constructor(message: string, { isFinal = false, cause }: { isFinal?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.isFinal = isFinal;
  }
}
