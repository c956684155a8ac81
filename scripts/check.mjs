import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { checkFileSizes } from './check/file-sizes.mjs';
import { checkFunctionLengths } from './check/function-lengths.mjs';
import { checkLanguage } from './check/language.mjs';
import folders from './folders.cjs';

/** dependency-cruiser passes without a message if it cannot read the sources; then it sees fewer modules. */
const minModules = 150;

/**
 * @param {string} command
 * @param {string[]} args
 */
function runTool(command, args, { quiet = false } = {}) {
  /** @type {import('node:child_process').StdioOptions} */
  const stdio = ['ignore', quiet ? 'pipe' : 'inherit', 'inherit'];
  const result = spawnSync(`node_modules/.bin/${command}`, args, {
    stdio,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { ok: result.status === 0, output: result.stdout ?? '' };
}

function checkImports() {
  const { output } = runTool(
    'depcruise',
    ['--output-type', 'json', 'contract', 'server', 'cli', 'frontend', 'scripts', 'test'],
    { quiet: true },
  );
  const { modules, summary } = JSON.parse(output);
  for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} -> ${to}`);
  if (modules.length < minModules)
    console.error(`dependency-cruiser saw only ${modules.length} modules; expected at least ${minModules}`);
  return summary.violations.length === 0 && modules.length >= minModules;
}

/** Each folder of the server has a row that says what it may import. */
function checkFolders() {
  const listed = Object.keys(folders.serverFolders);
  const present = readdirSync('server', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const unlisted = present.filter((name) => !listed.includes(name));
  const stale = listed.filter((name) => !present.includes(name));
  for (const name of unlisted)
    console.error(`server/${name}/ is not in scripts/folders.cjs: add what it may import`);
  for (const name of stale) console.error(`server/${name}/ is in scripts/folders.cjs but does not exist`);
  return unlisted.length + stale.length === 0;
}

/**
 * The checks that have exceptions, which `--update-exceptions` records (see `check/exceptions.mjs`).
 *
 * @type {[string, () => boolean][]}
 */
const checksWithExceptions = [
  ['file sizes', checkFileSizes],
  ['function lengths', checkFunctionLengths],
  ['language', checkLanguage],
];

/** @type {[string, () => boolean][]} */
const checks = [
  ['types', () => runTool('tsc', ['--build']).ok],
  ['lint', () => runTool('biome', ['ci', '--colors=off', '--error-on-warnings', '.']).ok],
  ['imports', checkImports],
  ['folders', checkFolders],
  ['unused code', () => runTool('knip', ['--no-progress']).ok],
  ...checksWithExceptions,
];

let failed = 0;
for (const [name, check] of process.argv.includes('--update-exceptions') ? checksWithExceptions : checks) {
  const ok = check();
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
  if (!ok) failed += 1;
}
process.exit(failed ? 1 : 0);
