import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listMissingTools } from './test-tools.mjs';

/** Checks the programs that tests start, and installs the agents that only tests need. */
const folder = join(import.meta.dirname, '..', 'test', 'agents');
const lock = join(folder, 'package-lock.json');
/** A copy of the lock file that was installed. */
const stamp = join(folder, 'node_modules', '.installed-lock.json');

const missing = listMissingTools();
for (const line of missing) console.error(line);
if (missing.length) process.exit(1);

const wanted = readFileSync(lock, 'utf8');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.log('Installing the agents of test/agents …');
  const { status } = spawnSync('npm', ['ci', '--prefix', folder], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, wanted);
}
