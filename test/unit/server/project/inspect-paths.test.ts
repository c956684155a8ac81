import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { lookAtPaths } from '../../../../server/project/inspect-paths.ts';
import { resolveFile } from '../../../../server/project/resolve-file.ts';
import { pathsOf } from '../../../../server/prompt/paths.ts';
import { partsOf } from '../../../../server/prompt/risk.ts';
import { verifies } from '../../../requirement/verifies.ts';

function makeTree() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'switchboard-paths-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const project = join(root, 'project');
  for (const folder of ['project/src', 'project/meta/objects', 'outside/deep', 'project/.claude'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(project, 'meta', 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(project, 'run'), '#!/bin/sh\n');
  chmodSync(join(project, 'run'), 0o755);
  symlinkSync('../outside', join(project, 'link'));
  symlinkSync('../outside/new.txt', join(project, 'dangling'));
  symlinkSync('../outside/deep', join(project, 'deep'));
  symlinkSync('../outside', join(project, 'caf\u00e9'));
  symlinkSync('../outside/file', join(project, 'file'));
  mkdirSync(join(project, 'sub'));
  symlinkSync('../../outside', join(project, 'sub', 'rel'));
  symlinkSync('.claude', join(project, 'innocent'));
  symlinkSync('loop', join(project, 'loop'));
  symlinkSync('project', join(root, 'alias'));
  return { root, project };
}

verifies(
  'prompt.obeyed',
  'follows links before it says where a path leads, for every tool that names one',
  async () => {
    const { root, project } = makeTree();
    const look = (tool: string, input: Record<string, unknown>, at = project) =>
      lookAtPaths(pathsOf(tool, input, partsOf(String(input['command'] ?? ''))), at);
    const outside: [string, Record<string, unknown>][] = [
      ['Write', { file_path: 'link/x', content: '' }],
      ['Write', { file_path: join(project, 'link', 'x'), content: '' }],
      ['Write', { file_path: 'dangling', content: '' }],
      ['Read', { file_path: 'link/x' }],
      ['Edit', { file_path: 'loop/x', old_string: 'a', new_string: 'b' }],
      ['NotebookEdit', { notebook_path: 'link/x.ipynb' }],
      ['Glob', { pattern: '*', path: 'link' }],
      ['Grep', { pattern: 'x', path: 'deep' }],
      ['mcp__m__write', { target: { files: ['src/a', 'link/x'] } }],
      ['mcp__m__write', { anything: '/etc/passwd' }],
      ['mcp__m__write', { uri: 'file:///etc/passwd' }],
      ['mcp__m__write', { anything: '~/x' }],
      ['Bash', { command: 'cat link/x' }],
      ['Bash', { command: 'cd link && cat x' }],
      ['Bash', { command: 'cat deep/../x' }],
      ['Bash', { command: 'cat src/a > dangling' }],
      ['Bash', { command: 'cat link/*' }],
      ['Bash', { command: 'tool --file=link/x' }],
      // As the CLI reads a path: trimmed, with composed letters.
      ['Write', { file_path: ` ${join(root, 'outside', 'x')}`, content: '' }],
      ['Write', { file_path: `${join(project, 'file')}\r`, content: '' }],
      ['Write', { file_path: join(project, 'cafe\u0301', 'x'), content: '' }],
      ['Write', { file_path: `${project}/${'a/../'.repeat(1000)}link/x`, content: '' }],
      ['Write', { file_path: join(project, 'link', 'a\nb'), content: '' }],
      ['mcp__m__write', { name: 'link/x' }],
      ['mcp__m__write', { files: { 'link/x': 'EVIL' } }],
      ['mcp__m__write', { paths: [...Array.from({ length: 61 }, (_, index) => `src/${index}`), 'link/x'] }],
      [
        'mcp__m__write',
        Array.from({ length: 12 }).reduce((value: object) => ({ a: value }), { path: 'link/x' }) as Record<
          string,
          unknown
        >,
      ],
      ['Glob', { pattern: 'link/**' }],
      ['Bash', { command: 'cd sub && cat rel/x' }],
      ['Bash', { command: 'cat lin*/x' }],
      ['Bash', { command: 'cp -tlink src/a' }],
      ['Bash', { command: 'dd if=src/a of=link/x' }],
      [
        'Bash',
        { command: `cat ${Array.from({ length: 61 }, (_, index) => `src/${index}`).join(' ')} link/x` },
      ],
    ];
    for (const [tool, input] of outside)
      expect((await look(tool, input)).outside, JSON.stringify(input)).toBe(true);
    const inside: [string, Record<string, unknown>][] = [
      ['Write', { file_path: 'src/x', content: '/etc/passwd' }],
      ['Write', { file_path: join(root, 'alias', 'src', 'x'), content: '' }],
      ['Bash', { command: 'cat src/*.ts "src/a b" --x=1 -n5 A=b' }],
      ['mcp__m__write', { text: 'read/write\nlink/x', count: 3 }],
      ['Bash', { command: 'ls src > /dev/null; echo "a b" https://x/y' }],
    ];
    for (const [tool, input] of inside)
      expect((await look(tool, input)).outside, JSON.stringify(input)).toBe(false);
    // No warning if the project itself is reached through a link.
    expect(
      (await look('Write', { file_path: join(root, 'alias', 'src', 'x') }, join(root, 'alias'))).outside,
    ).toBe(false);

    for (const path of [
      '.claude/x',
      'innocent/x',
      'meta/config',
      'meta/hooks/x',
      'run',
      'CLAUDE.md',
      '.GIT/config',
      'src/../.git/x',
      'package.json',
    ]) {
      expect((await look('Write', { file_path: path, content: '' })).obeyed, path).toBe(true);
      expect((await look('Read', { file_path: path })).obeyed, path).toBe(false);
    }
    for (const path of [`${'a/../'.repeat(1000)}.git/config`, '.claude/agents/a\nb.md', 'run\t', ' run']) {
      expect(
        (await look('Write', { file_path: join(project, '/') + path.trimStart(), content: '' })).obeyed,
        path,
      ).toBe(true);
    }
    expect((await look('Bash', { command: 'cp a .git/hooks/pre-commit' })).obeyed).toBe(true);
    expect((await look('Bash', { command: 'echo x > innocent/settings.json' })).obeyed).toBe(true);
    expect((await look('mcp__m__write', { path: 'CLAUDE.md' })).obeyed).toBe(true);
    expect((await look('Write', { file_path: 'src/a.ts', content: '' })).obeyed).toBe(false);
    expect(await resolveFile('dangling', project)).toBe(join(root, 'outside', 'new.txt'));
    await expect(resolveFile('loop/x', project)).rejects.toThrow('too many links');
  },
);
