import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * What happens to the server's output on its way to the browser. Can be changed while connections are open.
 */
export type BadLine = {
  url: string;
  /** Every connection is cut after the server has sent this many bytes; null: none is. */
  cutAfter: (() => number) | null;
  /** So many connections were cut. */
  cuts: number;
  /** The requests that came, as `GET /path`. */
  requests: string[];
  /** What the server sends is held back until it has ended, as some proxies do with streams. */
  holdsStreams: boolean;
  /** Each way takes so long. */
  delayMs: number;
  /** Of the connections this share is cut as they open (0 to 1). */
  loss: number;
  /** Nobody gets through: new connections are refused, open ones cut. */
  down(): void;
  up(): void;
};

/** A connection as bad as on a train: cut, slow, lossy, or behind a proxy that buffers. */
export async function startBadLine(target: string, random: () => number = Math.random): Promise<BadLine> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let isDown = false;
  const later = (work: () => void) => (line.delayMs ? setTimeout(work, line.delayMs) : work());

  const server = createServer((client) => {
    open.add(client);
    client.on('close', () => open.delete(client));
    client.on('error', () => {});
    if (isDown || random() < line.loss) {
      client.destroy();
      return;
    }
    const upstream = connect({ host: hostname, port: Number(port) });
    let left = line.cutAfter?.() ?? Number.POSITIVE_INFINITY;
    let isStream = false;
    const held: Buffer[] = [];
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    upstream.on('error', end);
    client.on('close', () => upstream.destroy());
    client.on('data', (data: Buffer) => {
      for (const [, request = ''] of data.toString('latin1').matchAll(/^([A-Z]+ \S+) HTTP\/1\.1\r$/gm))
        line.requests.push(request);
      later(() => upstream.write(data));
    });
    upstream.on('data', (data: Buffer) => {
      if (line.holdsStreams && data.includes('text/event-stream')) isStream = true;
      if (isStream) {
        held.push(data);
        return;
      }
      const piece = data.subarray(0, left);
      left -= piece.length;
      later(() => {
        client.write(piece);
        if (left > 0) return;
        line.cuts += 1;
        end();
      });
    });
    upstream.on('end', () => later(() => client.end(Buffer.concat(held))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const line: BadLine = {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    cutAfter: null,
    cuts: 0,
    requests: [],
    holdsStreams: false,
    delayMs: 0,
    loss: 0,
    down() {
      isDown = true;
      for (const socket of open) socket.destroy();
    },
    up() {
      isDown = false;
    },
  };
  onTestFinished(() => {
    line.down();
    server.close();
  });
  return line;
}

/** The same numbers each time: a run that failed can be run again. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}
