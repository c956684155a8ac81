import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../../cli/table.ts';
import { settings } from '../../server/setting.ts';
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

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(packageRoot, 'docs')).map((name) => `docs/${name}`),
]
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, text: readFileSync(join(packageRoot, path), 'utf8') }));

/** The anchor that a heading has on GitHub. */
const toAnchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

const anchorsOf = (path: string) =>
  [...(pages.find((page) => page.path === path)?.text ?? '').matchAll(/^#+ (.*)$/gm)].map(
    ([, heading = '']) => toAnchor(heading),
  );

test('each link between the pages leads to a file and a heading that exist', () => {
  const broken = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
      .filter(([, file = '', anchor]) => {
        const target = file ? join(dirname(path), file) : path;
        return !existsSync(join(packageRoot, target)) || (anchor && !anchorsOf(target).includes(anchor));
      })
      .map(([link]) => `${path}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('each command in the pages exists', () => {
  const names = commands.map(({ name }) => name);
  const unknown = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/(?:^|`|&& |\| |\$\()switchboard ([a-z][a-z-]*)/gm)]
      .filter(([, name = '']) => !names.includes(name))
      .map(([command]) => `${path}: ${command}`),
  );
  expect(unknown).toEqual([]);
});

test('each setting in the pages exists', () => {
  const prefixes =
    'AUTH|PROJECT|ALLOWED|PUSH|SESSIONS|CLAUDE|PERMISSION|MAX|LIVE|STALL|PROMPT|PAUSE|BUDGET|EVENTS|SHUTDOWN|NGROK';
  const pattern = new RegExp(`(?<![A-Z_$])(?:${prefixes})_[A-Z_]*[A-Z](?![A-Z_*])`, 'g');
  const unknown = pages.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].filter(([name]) => !(name in settings)).map(([name]) => `${path}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test('each path of the sources in the pages exists', () => {
  const missing = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/(?<![\w/.-])(?:cli|contract|docs|frontend|scripts|server|test)\/[\w./-]*\w/g)]
      .filter(([source]) => !existsSync(join(packageRoot, source)))
      .map(([source]) => `${path}: ${source}`),
  );
  expect(missing).toEqual([]);
});
