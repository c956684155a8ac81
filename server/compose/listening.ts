import type { Server } from 'node:http';
import { closeServer, listen, portOf } from '../listen.ts';
import type { Tunnel } from '../tunnel/port.ts';
import type { ServerAddresses } from './addresses.ts';
import type { Context } from './context.ts';
import type { Http } from './http.ts';

/** The servers that listen: one for this machine and its network, and one that only the tunnel reaches. */
export class Listening {
  readonly #servers: Server[] = [];

  /** Throws ConfigError if the port cannot be opened. */
  async open({ app }: Http, { config, tunnelProvider }: Context, addresses: ServerAddresses): Promise<void> {
    this.#servers.push(await listen(app, config.HOST, config.PORT));
    if (tunnelProvider) this.#servers.push(await listen(app, '127.0.0.1', 0, { isShared: true }));
    addresses.setListening(this.#servers[0] as Server, this.#servers[1]);
  }

  /** Accepts the sockets of terminals, and connections through the tunnel. */
  accept({ terminalSocket }: Http, tunnel: Tunnel): void {
    for (const server of this.#servers) terminalSocket.listen(server);
    const [, forTunnel] = this.#servers;
    if (forTunnel) tunnel.open(`127.0.0.1:${portOf(forTunnel)}`);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#servers.map(closeServer));
  }
}
