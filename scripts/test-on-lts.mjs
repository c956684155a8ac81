import { spawnSync } from 'node:child_process';

/** Runs the tests that start the built server as a process of its own, on the Node that runs this file. */
console.log(`Tests of the built server on Node ${process.version}`);
const done = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'test/packaged'], { stdio: 'inherit' });
process.exit(done.status ?? 1);
