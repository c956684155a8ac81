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

/**
 * When a file, or any file in a folder, was changed last.
 *
 * @param {string} path
 */
async function findNewestChange(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  const names = await readdir(path, { recursive: true });
  return Math.max(0, ...names.map((name) => statSync(join(path, name)).mtimeMs));
}

/** The reason why a build is needed; null if all outputs exist and are newer than their sources. */
export async function explainStaleBuild() {
  const built = outputs.map((path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (built.includes(0)) return 'It is not built yet.';
  const changedAt = Math.max(
    ...(await Promise.all(sources.map((path) => findNewestChange(join(root, path))))),
  );
  return changedAt > Math.min(...built) ? 'The build is older than the sources.' : null;
}

/** Builds the page and the server. */
export async function build() {
  const options = { configFile: join(root, 'vite.config.ts'), logLevel: /** @type {const} */ ('warn') };
  process.env['NODE_ENV'] = 'production';
  for (const mode of ['page', 'worker', 'render', 'server', 'session-index', 'cli'])
    await viteBuild({ ...options, mode });
}

if (process.argv[1] === import.meta.filename) {
  const reason = process.argv.includes('--if-stale') ? await explainStaleBuild() : 'It was requested.';
  if (reason) {
    console.log(`Building: ${reason}`);
    await build();
  }
}
