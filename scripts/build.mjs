import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build as viteBuild } from 'vite';

const root = join(import.meta.dirname, '..');
const sources = ['contract', 'server', 'cli', 'frontend', 'vite.config.ts', 'package.json'];
const outputs = [
  'dist/server/main.js',
  'dist/server/session-index.js',
  'dist/cli/main.js',
  'dist/render/render.js',
  'dist/frontend/sw.js',
  'dist/frontend/index.html',
];

/** @param {string} path */
async function newestChange(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const names = await readdir(path, { recursive: true });
  return Math.max(0, ...names.map((name) => statSync(join(path, name)).mtimeMs));
}

/** What has to be built, in words; null where all is there and newer than its sources. */
export async function whyStale() {
  const built = outputs.map((path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (built.includes(0)) return 'It is not built yet.';
  const changed = Math.max(...(await Promise.all(sources.map((path) => newestChange(join(root, path))))));
  return changed > Math.min(...built) ? 'The build is older than the sources.' : null;
}

/** Builds the page and the server. */
export async function build() {
  const options = { configFile: join(root, 'vite.config.ts'), logLevel: /** @type {const} */ ('warn') };
  process.env['NODE_ENV'] = 'production';
  for (const mode of ['page', 'worker', 'render', 'server', 'session-index', 'cli'])
    await viteBuild({ ...options, mode });
}

if (process.argv[1] === import.meta.filename) {
  const reason = process.argv.includes('--if-stale') ? await whyStale() : 'Asked for.';
  if (reason) {
    console.log(`Building: ${reason}`);
    await build();
  }
}
