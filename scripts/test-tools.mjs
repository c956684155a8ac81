import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Programs that tests start, each with the Debian package that has it. */
const packages = { chromium: 'chromium', curl: 'curl', git: 'git', jq: 'jq', tmux: 'tmux' };

/** @typedef {keyof typeof packages} Tool */

/** The Chromium that tests drive. */
export const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** @param {Tool} tool */
function isInstalled(tool) {
  if (tool === 'chromium') return existsSync(chromiumPath);
  return spawnSync('which', [tool], { stdio: 'ignore' }).status === 0;
}

/**
 * One line for a program that is missing: how to install it.
 *
 * @param {Tool} tool
 */
function describeMissing(tool) {
  const place = tool === 'chromium' ? ` at ${chromiumPath}, or set CHROMIUM=<path>` : '';
  return `The tests need ${tool}${place}: sudo apt-get install -y ${packages[tool]}`;
}

/**
 * Throws an error that says how to install a program, if it is missing.
 *
 * @param {Tool} tool
 */
export function requireTool(tool) {
  if (!isInstalled(tool)) throw new Error(describeMissing(tool));
}

/** One line for each program that is missing. */
export const listMissingTools = () =>
  /** @type {Tool[]} */ (Object.keys(packages)).filter((tool) => !isInstalled(tool)).map(describeMissing);
