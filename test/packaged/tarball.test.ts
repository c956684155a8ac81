import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { startCli } from '../helper/cli.ts';
import { startLocalRegistry } from '../helper/local-registry.ts';
import { packageRoot } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, testEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'cli.package',
  'installs from its tarball into an empty prefix with few packages, serves, and is found',
  async () => {
    const workspace = await createWorkspace();
    const prefix = join(workspace.root, 'prefix');
    await mkdir(prefix);
    const registry = await startLocalRegistry(join(packageRoot, 'node_modules'));
    /** The registry is in this process, so npm must not block it. */
    const npm = async (...args: string[]) => {
      const env = testEnv(workspace, { npm_config_registry: registry, npm_config_update_notifier: 'false' });
      const child = spawn('npm', args, { cwd: packageRoot, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const [out, errors, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ]);
      expect(code, errors).toBe(0);
      return out;
    };
    const [{ filename, size }] = JSON.parse(
      await npm('pack', '--json', '--pack-destination', workspace.root),
    );
    expect(size).toBeLessThan(3_000_000);
    await npm(
      'install',
      '--global',
      '--prefix',
      prefix,
      '--no-audit',
      '--no-fund',
      join(workspace.root, filename),
    );
    const root = join(prefix, 'lib', 'node_modules', 'switchboard');
    const names = (await readdir(join(root, 'node_modules'), { recursive: true })).filter((name) =>
      name.endsWith('package.json'),
    );
    expect(names.length).toBeLessThanOrEqual(120);
    // Without the CLI, which is the person's own.
    const [kilobytes] = spawnSync('du', ['-sk', root], { encoding: 'utf8' }).stdout.split('\t');
    expect(Number(kilobytes)).toBeLessThanOrEqual(60 * 1024);
    expect(existsSync(join(prefix, 'bin', 'switchboard'))).toBe(true);
    const main = join(root, 'dist', 'cli', 'main.js');
    const env = { PORT: '0', AUTH_USERNAME: 'me', AUTH_PASSWORD: 'a long password for tests' };
    const { child, ran, ended } = startCli(workspace, ['serve'], { env, main });
    const url = await until('the address', () => /Address +(\S+)/.exec(ran.out)?.[1]);
    const status = await startCli(workspace, ['status'], { main }).ended;
    expect(status).toMatchObject({ code: 0, out: expect.stringContaining(url) });
    expect(await (await fetch(url)).text()).toContain('<div id="app"><');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  },
);
