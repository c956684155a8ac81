import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const file = join(import.meta.dirname, 'exceptions.json');
const isUpdate = process.argv.includes('--update-exceptions');

/** @typedef {{ key: string, size: number, limit: number, message: string }} Finding */

/** @returns {Record<string, Record<string, number>>} */
const readExceptions = () => JSON.parse(readFileSync(file, 'utf8'));

/** @param {Record<string, number>} sizes */
const sum = (sizes) => Object.values(sizes).reduce((total, size) => total + size, 0);

/**
 * Fails if a finding is larger than its exception, or than its limit if it has none. After a file was moved or a finding
 * became smaller, `node scripts/check.mjs --update-exceptions` records the present sizes; it refuses if their total grows.
 *
 * @param {string} name
 * @param {Finding[]} findings
 */
export function checkExceptions(name, findings) {
  const exceptions = readExceptions()[name] ?? {};
  const tooLarge = findings.filter(({ key, size, limit }) => size > Math.max(limit, exceptions[key] ?? 0));
  if (isUpdate) return updateExceptions(name, findings);
  for (const { message } of tooLarge) console.error(message);
  if (tooLarge.length) console.error('After moving or renaming: node scripts/check.mjs --update-exceptions');
  return tooLarge.length === 0;
}

/**
 * @param {string} name
 * @param {Finding[]} findings
 */
function updateExceptions(name, findings) {
  const all = readExceptions();
  const before = all[name];
  /** @type {Record<string, number>} */
  const sizes = {};
  for (const { key, size } of findings.filter((finding) => finding.size > finding.limit).sort(byKey))
    sizes[key] = Math.max(size, sizes[key] ?? 0);
  if (before && sum(sizes) > sum(before)) {
    console.error(
      `the exceptions for ${name} would grow from ${sum(before)} to ${sum(sizes)}: shorten the new ones`,
    );
    return false;
  }
  writeFileSync(file, `${JSON.stringify({ ...all, [name]: sizes }, null, 2)}\n`);
  return true;
}

/**
 * @param {Finding} a
 * @param {Finding} b
 */
const byKey = (a, b) => (a.key < b.key ? -1 : 1);
