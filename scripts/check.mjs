import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import folders from './folders.cjs';

/** No file may be longer: one that is has more than one thing in it. */
const maxLines = 470;

/** The page is made of smaller parts. */
const maxPageLines = 280;

/** dependency-cruiser passes with nothing to say when it cannot read the sources. */
const minModules = 150;

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args, { quiet = false } = {}) {
  /** @type {import('node:child_process').StdioOptions} */
  const stdio = ['ignore', quiet ? 'pipe' : 'inherit', 'inherit'];
  const done = spawnSync(`node_modules/.bin/${command}`, args, {
    stdio,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { ok: done.status === 0, output: done.stdout ?? '' };
}

function checkImports() {
  const { output } = run(
    'depcruise',
    ['--output-type', 'json', 'contract', 'server', 'cli', 'frontend', 'scripts', 'test'],
    { quiet: true },
  );
  const { modules, summary } = JSON.parse(output);
  for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} -> ${to}`);
  if (modules.length < minModules)
    console.error(`only ${modules.length} modules were seen; at least ${minModules} are expected`);
  return summary.violations.length === 0 && modules.length >= minModules;
}

/** Each folder of the server has a row that says what it may import. */
function checkFolders() {
  const listed = Object.keys(folders.serverFolders);
  const present = readdirSync('server', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const missing = present.filter((name) => !listed.includes(name));
  const gone = listed.filter((name) => !present.includes(name));
  for (const name of missing)
    console.error(`server/${name}/ is not in scripts/folders.cjs: add what it may import`);
  for (const name of gone) console.error(`server/${name}/ is in scripts/folders.cjs and does not exist`);
  return missing.length + gone.length === 0;
}

function checkSizes() {
  const listed = spawnSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx', '*.mjs', '*.css', '*.cjs'],
    {
      encoding: 'utf8',
    },
  );
  const long = listed.stdout
    .split('\n')
    .filter(Boolean)
    .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 }))
    .filter(({ file, lines }) => lines > (file.startsWith('frontend/') ? maxPageLines : maxLines));
  for (const { file, lines } of long)
    console.error(
      `${file} has ${lines} lines; the most is ${file.startsWith('frontend/') ? maxPageLines : maxLines}`,
    );
  return long.length === 0;
}

/** @type {[string, () => boolean][]} */
const checks = [
  ['types', () => run('tsc', ['--build']).ok],
  ['lint', () => run('biome', ['ci', '--colors=off', '--error-on-warnings', '.']).ok],
  ['imports', checkImports],
  ['folders', checkFolders],
  ['unused code', () => run('knip', ['--no-progress']).ok],
  ['file sizes', checkSizes],
];

let failed = 0;
for (const [name, check] of checks) {
  const ok = check();
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
  if (!ok) failed += 1;
}
process.exit(failed ? 1 : 0);
