import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requirements } from './requirement.ts';

const root = join(import.meta.dirname, '..');

test('every promise is cited by a test', () => {
  // Suites that several test files run are in files of their own.
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.includes('node_modules') && !name.startsWith('requirement'),
  );
  const cited = new Set<string>();
  for (const file of files) {
    for (const [, list = ''] of readFileSync(join(root, file), 'utf8').matchAll(
      /verifies\(\s*(\[[^\]]*\]|'[^']*')/g,
    )) {
      for (const [, id = ''] of list.matchAll(/'([^']+)'/g)) cited.add(id);
    }
  }
  expect(Object.keys(requirements).filter((id) => !cited.has(id))).toEqual([]);
});
