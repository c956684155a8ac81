import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../helper/server.ts';
import { requirements } from '../requirement/requirement.ts';

const page = readFileSync(join(packageRoot, 'docs/security.md'), 'utf8');
const sections = page.split('\n## ').slice(1);

test('each claim of the security page rests on promises that have tests', () => {
  const ids = [...page.matchAll(/`([a-z]+\.[a-z-]+)`/g)]
    .map(([, id = '']) => id)
    .filter((id) => !id.endsWith('.json'));
  expect(ids.filter((id) => !(id in requirements))).toEqual([]);
  expect(ids.length).toBeGreaterThan(25);
});

test('each attacker of the security page has only claims that cite a promise, or limits that say so', () => {
  const attackers = sections.filter((section) => /^A /.test(section));
  expect(attackers).toHaveLength(5);
  for (const section of attackers) {
    for (const item of section.split('\n- ').slice(1)) {
      const claim = item.split('\n\n')[0]?.trim() ?? '';
      if (!claim.startsWith('**Can**')) expect(claim).toMatch(/`[a-z]+\.[a-z-]+`$/);
    }
  }
});
