import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect } from 'vitest';
import { parseShell } from '../../../../server/prompt/shell.ts';
import { verifies } from '../../../requirement/verifies.ts';

const known: [command: string, parts: string[][] | null][] = [
  ['npm test', [['npm', 'test']]],
  ['  npm   "test"  ', [['npm', 'test']]],
  ['a && b || c; d | e & f', [['a'], ['b'], ['c'], ['d'], ['e'], ['f']]],
  ['a\nb', [['a'], ['b']]],
  ['echo \'a && b\' "c; d"', [['echo', 'a && b', 'c; d']]],
  ['echo a\\ b \\&\\& c', [['echo', 'a b', '&&', 'c']]],
  [
    'echo $(rm -rf x)',
    [
      ['rm', '-rf', 'x'],
      ['echo', '\0'],
    ],
  ],
  ['echo "`whoami`"', [['whoami'], ['echo', '\0']]],
  ['echo "$(echo "$(id)")"', [['id'], ['echo', '\0'], ['echo', '\0']]],
  ['echo $HOME $' + '{USER}x', [['echo', '\0', '\0x']]],
  [
    'cat a > b',
    [
      ['\0>', 'b'],
      ['cat', 'a'],
    ],
  ],
  ['cat < a >> b', [['\0<', 'a'], ['\0>', 'b'], ['cat']]],
  ['npm test 2>&1 >/dev/null', [['npm', 'test']]],
  [
    'npm test &> log',
    [
      ['\0>', 'log'],
      ['npm', 'test'],
    ],
  ],
  ['FOO=bar npm test', [['\0FOO=bar', 'npm', 'test']]],
  [`FOO='b a' BAR="" rm x`, [['\0FOO=b a', '\0BAR=', 'rm', 'x']]],
  ['FOO"="bar npm', [['FOO=bar', 'npm']]],
  ["'FOO=bar' npm A=1", [['FOO=bar', 'npm', 'A=1']]],
  ['rm *', [['rm', '\0*']]],
  ["rm '*' \\?", [['rm', '*', '?']]],
  ['ls ~/x a~', [['ls', '\0~/x', 'a~']]],
  ['a "2">/dev/null', [['a', '2']]],
  ['a 2>/dev/null', [['a']]],
  ['a 22>/dev/null', [['a', '22']]],
  ["a > '&1'", [['\0>', '&1'], ['a']]],
  ["'>' b", [['>', 'b']]],
  [`echo ${'$('.repeat(40)}id${')'.repeat(40)}`, null],
  ['x'.repeat(30_000), null],
  ['cat <<EOF\nx\nEOF', null],
  ['diff <(a) b', null],
  ['(a; b)', null],
  ['{ a; }', null],
  ['if true; then a; fi', null],
  ['a # comment', null],
  ["echo $'x'", null],
  ['echo $' + '{x:-$(id)}', null],
  ['echo $((1+1))', null],
  ['echo "open', null],
  ['echo \u202e txt.exe', null],
  ['echo a\u00a0b', null],
  ['a\rb', null],
  ['! a', null],
];

verifies('prompt.rules', 'lists the simple commands of a command line, or reports that it cannot', () => {
  for (const [command, parts] of known) expect(parseShell(command), command).toEqual(parts);
});

verifies('prompt.rules', 'reads words as bash does', () => {
  const piece = fc.constantFrom('a', ' ', '"', "'", '\\', 'b c', '"d e"', "'f'", '\\"', '.', '-x', '=');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const parts = parseShell(`printf %s\\\\0 X${text}`);
      if (parts?.length !== 1) return;
      const [, , ...words] = parts[0] as string[];
      // An environment of one name: nothing of the one that runs the tests.
      const out = execFileSync('/bin/bash', ['--norc', '-c', `printf '%s\\0' X${text}`], {
        env: { PATH: '/bin:/usr/bin' },
      }).toString();
      expect(out.split('\0').slice(0, -1)).toEqual(words);
    }),
    { numRuns: 60 },
  );
});
