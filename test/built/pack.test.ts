import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startCli } from '../helper/cli.ts';
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
    const npm = (...args: string[]) => {
      // npm keeps what it has fetched in the home of who runs the tests; nothing else of that is seen.
      const env = { ...testEnv(workspace), npm_config_cache: join(String(process.env['HOME']), '.npm'), npm_config_update_notifier: 'false' };
      const done = spawnSync('npm', args, { cwd: packageRoot, encoding: 'utf8', env });
      expect(done.status, done.stderr).toBe(0);
      return done.stdout;
    };
    const [{ filename, size }] = JSON.parse(npm('pack', '--json', '--pack-destination', workspace.root));
    expect(size).toBeLessThan(3_000_000);
    npm('install', '--global', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund', join(workspace.root, filename));
    const root = join(prefix, 'lib', 'node_modules', 'switchboard');
    const names = (await readdir(join(root, 'node_modules'), { recursive: true })).filter((name) => name.endsWith('package.json'));
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
  120_000,
);
