import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs the tests that start the built server as a separate process, with the Node that runs this file. */
console.log(`Tests of the built server on Node ${process.version}`);

// npm keeps this Node in root's home folder, which the users that some tests switch to cannot enter.
const folder = mkdtempSync(join(tmpdir(), 'switchboard-node-'));
chmodSync(folder, 0o755);
const node = join(folder, 'node');
copyFileSync(process.execPath, node);
chmodSync(node, 0o755);
const result = spawnSync(node, ['node_modules/vitest/vitest.mjs', 'run', 'test/packaged'], {
  stdio: 'inherit',
});
rmSync(folder, { recursive: true });
process.exit(result.status ?? 1);
