import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIgnoreFile, toBytes } from '../../../../server/work-tree/ignore-pattern.ts';
import { walkTree } from '../../../../server/work-tree/walk.ts';
import { createWorkspace, testEnv, type Workspace } from '../../../helper/workspace.ts';

async function listOurs(project: string, ignored: string[] = []): Promise<string[]> {
  const found: string[] = [];
  await walkTree(project, {
    ignored,
    hasIgnoreFiles: true,
    kept: { files: new Set(), folders: new Set() },
    isSkipped: (name) => name === '.git',
    async onFiles(folder, files) {
      for (const file of files) found.push(folder.pathOf(file.name));
      return true;
    },
  });
  return found.sort();
}

function listOfGit(workspace: Workspace): string[] {
  const args = ['ls-files', '-z', '--others', '--exclude-standard'];
  const done = spawnSync('git', args, { cwd: workspace.project, env: testEnv(workspace), encoding: 'utf8' });
  expect(done.status, done.stderr).toBe(0);
  return done.stdout.split('\0').filter(Boolean).sort();
}

const files = [
  ...[
    'a',
    'b.log',
    'ab',
    'a.b',
    'x y',
    'trail ',
    '#hash',
    '!bang',
    'back\\slash',
    'ü',
    'A',
    '[x]',
    'a-b',
    'star*',
    '.dot',
    'build',
  ],
  ...[
    'dir/a',
    'dir/b.log',
    'dir/sub/a',
    'dir/sub/b.log',
    'dir/sub/deep/a',
    'dir/build/a',
    'other/dir/a',
    'other/a.b',
    'other/ü/a',
    'sub/dir/sub/a',
  ],
];

const piece = fc.constantFrom(
  'a',
  'b',
  'dir',
  'sub',
  'build',
  '*',
  '**',
  '?',
  '/',
  '/',
  '.',
  '.log',
  '[ab]',
  '[!a]',
  '[a-c]',
  '[[:alpha:]]',
  '[^.]',
  '\\',
  '!',
  '#',
  ' ',
  'ü',
  '[',
  ']',
  '[]a]',
  '[a',
  '-',
  '/**/',
  '**/',
  '*.log',
  'x y',
);
const line = fc.oneof(
  { weight: 3, arbitrary: fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join('')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '*',
      '!*/',
      '!*.log',
      '/*',
      '!/dir',
      'dir/',
      '!dir/sub/',
      '/dir/*',
      '!a',
      '**/a',
      'dir/**',
      'dir/**/a',
      '*/a',
      'trail\\ ',
      'a\r',
      '\\#hash',
      '\\!bang',
      '\ufeffa',
    ),
  },
);
// git's documentation says that two stars inside a part count as one; git itself is inconsistent.
const isClear = (text: string) => !/[^/!]\*\*/.test(text);
const ignoreFile = fc.array(line.filter(isClear), { maxLength: 5 }).map((lines) => lines.join('\n'));

test('leaves out what git leaves out', async () => {
  const workspace = await createWorkspace();
  const { project } = workspace;
  spawnSync('git', ['init', '-q'], { cwd: project, env: testEnv(workspace) });
  for (const file of files) {
    mkdirSync(join(project, dirname(file)), { recursive: true });
    writeFileSync(join(project, file), '');
  }
  await fc.assert(
    fc.asyncProperty(ignoreFile, ignoreFile, ignoreFile, async (top, below, info) => {
      writeFileSync(join(project, '.gitignore'), top);
      writeFileSync(join(project, 'dir/.gitignore'), below);
      writeFileSync(join(project, '.git/info/exclude'), info);
      expect(await listOurs(project, ['', info])).toEqual(listOfGit(workspace));
    }),
    { numRuns: 150 },
  );
});

test('takes steps in proportion to the name, whatever the pattern', () => {
  const steps = (size: number) => {
    const meter = { steps: 0 };
    const name = 'a'.repeat(size);
    for (const pattern of parseIgnoreFile(
      [
        '*a'.repeat(400),
        '**/'.repeat(300),
        `${'*a'.repeat(100)}b`,
        `*${'a'.repeat(50)}b`,
        'a/**/'.repeat(100),
      ].join('\n'),
    )) {
      pattern.fits(toBytes(`${'a/'.repeat(size / 10)}${name}`), name, meter);
    }
    return meter.steps;
  };
  expect(steps(10_000) / steps(1000)).toBeLessThan(30);
});
