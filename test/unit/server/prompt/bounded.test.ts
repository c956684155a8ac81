import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished } from 'vitest';
import { boundedStart } from '../../../../server/prompt/bounded.ts';
import { isObeyedName } from '../../../../server/prompt/obeyed.ts';
import { offersOf } from '../../../../server/prompt/offer.ts';
import type { Call } from '../../../../server/prompt/rule-match.ts';
import { isKnown, parseShell } from '../../../../server/prompt/shell.ts';
import { verifies } from '../../../requirement/verifies.ts';

const bash = (command: string, more: object = {}): Call => ({
  ...{ tool: 'Bash', input: { command, ...more }, file: null, obeyed: false },
  ...{ project: '/p', root: '/p', conv_id: 'c' },
});
const write = (file: string, obeyed: boolean): Call => ({
  ...{ tool: 'Write', input: { file_path: file, content: 'x' }, file, obeyed },
  ...{ project: '/p', root: '/p', conv_id: 'c' },
});

verifies('prompt.offers', 'offers no rule for a program that runs or changes what it is given', () => {
  const dangerous = [
    ...[
      'bash -c "id"',
      'sh x',
      'zsh x',
      'python x.py',
      'python3 -c 1',
      'node -e 1',
      'perl -e 1',
      'ruby -e 1',
      'php -r 1',
      'deno run x',
    ],
    ...[
      'git -c core.pager=x log',
      'git --exec-path=/x status',
      'git log --output=x',
      'git push --exec=x',
      'git x',
      'git',
    ],
    ...[
      'curl https://x -o y',
      'wget -O y x',
      'find . -exec id +',
      'xargs id',
      'npx x',
      'npm run x',
      'npm exec x',
      'npm test --script-shell=x',
    ],
    ...[
      'env X=1 id',
      'sudo ls',
      'ssh host id',
      'docker run x',
      'make x',
      'awk "BEGIN{}"',
      'sed -e 1e',
      'tar --checkpoint-action=exec=id x',
    ],
    ...[
      'vim x',
      'less x',
      'man x',
      'tee x',
      'printf -v PATH x',
      'sort --compress-program=x y',
      'rm -rf x',
      'cp a b',
      'eval x',
      'source x',
    ],
    ...[
      '. ./x',
      'export PATH=x',
      'alias ls=x',
      'cd x',
      './ls x',
      '/tmp/ls x',
      'time ls x',
      'nohup ls x',
      'rg --pre x y',
      'uv run x',
      'go run x',
    ],
    ...[
      'LS=1 ls x',
      '$LS x',
      '"$LS" x',
      'ls x; id',
      'ls x && id',
      'ls $(id)',
      'ls > x',
      'l\\\ns; id',
      'busybox sh',
      'nice ls x',
    ],
  ];
  for (const command of dangerous) expect(offersOf(bash(command)), command).toEqual([]);
  expect(offersOf(bash('ls -la'))).toEqual([{ command: 'ls' }]);
  expect(offersOf(bash('git status -s'))).toEqual([{ command: 'git status' }]);
  expect(offersOf(bash('ls'))).toEqual([]);
  expect(offersOf(bash('ls x', { dangerouslyDisableSandbox: true }))).toEqual([]);
  expect(offersOf(write('/p/src/a.ts', false))).toEqual([{ folder: '/p/src' }]);
  expect(offersOf(write('/p/src/a.ts', true))).toEqual([]);
  expect(offersOf(write('/outside/a.ts', false))).toEqual([]);
  for (const name of ['__proto__', 'constructor', 'toString']) expect(boundedStart([name, 'x'])).toBeNull();
});

verifies(
  'prompt.obeyed',
  'knows the files that the agent, git, editors and shells obey, however their names are written',
  () => {
    const obeyed = [
      ...[
        '.claude/settings.json',
        '.claude',
        '.git/config',
        '.git',
        'sub/.git/hooks/x',
        '.gitattributes',
        '.gitmodules',
        '.mcp.json',
      ],
      ...[
        'CLAUDE.md',
        'docs/CLAUDE.local.md',
        'AGENTS.md',
        '.husky/pre-commit',
        '.vscode/tasks.json',
        '.idea/x',
        '.devcontainer/x',
        '.envrc',
      ],
      ...[
        '.github/workflows/ci.yml',
        '.bashrc',
        '.zshenv',
        '.profile',
        '.vimrc',
        '.emacs',
        'package.json',
        'Makefile',
        'vite.config.ts',
      ],
      ...[
        '.GIT/config',
        '.Git./config',
        '.git /config',
        '.claude./x',
        '.claude::$INDEX_ALLOCATION/x',
        'GIT~1/config',
        '.g\u200cit/config',
      ],
      ...[
        'claude.MD',
        'Package.json.',
        '\uff0egit/config',
        'node_modules/.bin/x',
        'node_modules/x/index.js',
        'setup.py',
        'Dockerfile',
      ],
      ...[
        'a/../.git/config',
        './.claude/x',
        'x.code-workspace',
        '.editorconfig',
        'compose.yaml',
        'build.gradle.kts',
      ],
      // A folder with a HEAD, objects and refs is a repository, whatever it is called.
      ...[
        'bare/HEAD',
        'gulpfile.js',
        'tasks.py',
        'mix.exs',
        'app.csproj',
        'Directory.Build.props',
        'flake.nix',
        'x.cmake',
        'WORKSPACE.bazel',
      ],
    ];
    for (const path of obeyed) expect(isObeyedName(path), path).toBe(true);
    for (const path of [
      'src/a.ts',
      'README.md',
      'docs/git.md',
      'src/hooks/use-x.ts',
      'a/../b.ts',
      './c.ts',
      'claude.ts',
    ]) {
      expect(isObeyedName(path), path).toBe(false);
    }
  },
);

verifies(
  'prompt.rules',
  'finds each command that bash would run for a text, or says that it cannot tell',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'switchboard-shell-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const piece = fc.constantFrom(
      ...[
        'a',
        'a',
        'b',
        'b',
        'c',
        ' ',
        ' ',
        ' ',
        ';',
        '&&',
        '||',
        '|',
        '&',
        '\n',
        '"',
        "'",
        '\\',
        '$(',
        ')',
        '`',
        '$x',
        '$"',
        "$'",
        '>',
        '<',
        '2>&1',
      ],
      ...[
        '{',
        '}',
        '{a,b}',
        '#',
        '!',
        '*',
        '~',
        'x=1',
        'x=b',
        '=',
        '(',
        '[[',
        ']]',
        'if',
        'then',
        'fi',
        '<<',
        '\\\n',
        '\t',
        '$',
        '$' + '{x}',
        '-c',
      ],
    );
    const setup = 'PATH=/nowhere; command_not_found_handle() { printf "%s\\0" "$@" "\u0001" >&9; };';
    let seen = 0;
    fc.assert(
      fc.property(fc.array(piece, { minLength: 2, maxLength: 10 }), (pieces) => {
        const text = pieces.join('');
        const parts = parseShell(text);
        if (!parts?.length) return;
        const script = `${setup}\n${text}\nwait`;
        let out = '';
        try {
          const run = [
            '--norc',
            '-c',
            `exec 9>&1 1>/dev/null 2>/dev/null </dev/null; eval "$1"`,
            'bash',
            script,
          ];
          out = execFileSync('/bin/bash', run, { cwd: folder, env: {}, timeout: 5000 }).toString();
        } catch (error) {
          out = String((error as { stdout?: Buffer }).stdout ?? '');
        }
        const ran = out
          .split('\u0001\0')
          .filter(Boolean)
          .map((one) => one.split('\0').slice(0, -1));
        seen += ran.length;
        for (const words of ran) {
          const isFound = parts.some((part) => {
            const own = part.filter((word) => !word.startsWith('\0x='));
            return isKnown(own[0] ?? '\0') ? own[0] === words[0] : true;
          });
          expect(isFound, JSON.stringify({ text, words, parts })).toBe(true);
        }
      }),
      { numRuns: 600 },
    );
    expect(seen).toBeGreaterThan(20);
  },
);
