import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/**
 * An npm registry on loopback that serves the packages which `npm ci` installed, so that a test can
 * install the product's tarball without a network. Packages for other platforms are not there: 404, as
 * optional dependencies may be. Returns its address.
 */
export async function startLocalRegistry(nodeModules: string): Promise<string> {
  const tarballs = new Map<string, Buffer>();

  function tarballOf(name: string): Buffer {
    let tarball = tarballs.get(name);
    if (!tarball) {
      const args = [
        '-cz',
        '--exclude=./node_modules',
        '--transform',
        's,^\\.,package,',
        '-C',
        join(nodeModules, name),
        '.',
      ];
      tarball = spawnSync('tar', args, { maxBuffer: 1 << 28 }).stdout;
      tarballs.set(name, tarball);
    }
    return tarball;
  }

  function documentOf(name: string): object | null {
    const file = join(nodeModules, name, 'package.json');
    if (!existsSync(file)) return null;
    const manifest = JSON.parse(readFileSync(file, 'utf8'));
    const integrity = `sha512-${createHash('sha512').update(tarballOf(name)).digest('base64')}`;
    const version = { ...manifest, dist: { integrity, tarball: `${url}/${name}/-/package.tgz` } };
    return { name, 'dist-tags': { latest: manifest.version }, versions: { [manifest.version]: version } };
  }

  const server = createServer((request, response) => {
    const path = decodeURIComponent(String(request.url)).slice(1);
    const tarball = /^(.+)\/-\/package\.tgz$/.exec(path)?.[1];
    const document = tarball === undefined ? documentOf(path) : null;
    if (tarball !== undefined) response.end(tarballOf(tarball));
    else if (document) response.setHeader('Content-Type', 'application/json').end(JSON.stringify(document));
    else response.writeHead(404).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return url;
}
