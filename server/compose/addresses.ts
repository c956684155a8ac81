import type { Server } from 'node:http';
import type { Config } from '../config.ts';
import { portOf } from '../listen.ts';

/** How a program on this machine names the host that the server listens on. */
const localName = (host: string) =>
  host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;

/** Where the server can be reached; ports are known once it listens. */
export class ServerAddresses {
  readonly #host: string;
  #port: number | null = null;
  #tunnelPort: number | null = null;

  constructor({ HOST }: Pick<Config, 'HOST'>) {
    this.#host = HOST;
  }

  setListening(main: Server, forTunnel: Server | undefined): void {
    this.#port = portOf(main);
    this.#tunnelPort = forTunnel ? portOf(forTunnel) : null;
  }

  /** The address for people, as the banner shows it. */
  get url(): string {
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
    return `http://${host}:${this.#port}`;
  }

  /** The address for programs on this machine. */
  get localUrl(): string {
    return `http://${localName(this.#host)}:${this.#port}`;
  }

  /** The port that only the tunnel uses; null without a tunnel. */
  get tunnelPort(): number | null {
    return this.#tunnelPort;
  }
}
