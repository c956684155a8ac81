import fc from 'fast-check';
import { expect } from 'vitest';
import type { Prompt, Remember, Rule } from '../../../../contract/prompt.ts';
import { toRule } from '../../../../server/prompt/new-rule.ts';
import { type Call, coveringRules, fileOf } from '../../../../server/prompt/rule-match.ts';
import { verifies } from '../../../requirement/verifies.ts';

const now = '2026-01-01T00:00:00.000Z';
const made = { id: 'r', at: now, by: 'me' };
const bash = (command: string, more: Partial<Call> = {}): Call => ({
  tool: 'Bash',
  input: { command, description: 'd' },
  file: null,
  obeyed: false,
  project: '/p',
  root: '/p',
  conv_id: 'c',
  ...more,
});
const write = (file: string, obeyed = false): Call => ({
  ...{ tool: 'Write', input: { file_path: file, content: 'x' }, file, obeyed },
  ...{ project: '/p', root: '/p', conv_id: 'c' },
});
const promptOf = ({ tool, input, project, conv_id }: Call): Prompt => ({
  ...{
    id: 'p',
    kind: 'permission',
    turn_id: 't',
    reason: null,
    risks: [],
    parent_tool_id: null,
    opened_at: now,
  },
  ...{ tool, input, project, conv_id },
});
const rule = (call: Call, remember: Remember): Rule => toRule(promptOf(call), call, remember, made) as Rule;
const covers = (rules: Rule[], call: Call, at = now) => coveringRules(rules, call, at) !== null;
const starting = (command: string) => rule(bash(`${command} --first`), { for: 'always', command });

verifies('prompt.rules', 'covers exactly what was asked, without a start or a folder', () => {
  const exact = rule(bash('npm test && echo $HOME > log'), 'always');
  expect(covers([exact], bash('npm test && echo $HOME > log'))).toBe(true);
  expect(covers([exact], bash('npm test && echo $HOME > log2'))).toBe(false);
  expect(covers([rule(bash('npm test'), 'always')], bash('npm test --all'))).toBe(false);
  expect(
    covers([rule(bash('npm test'), 'always'), rule(bash('git log'), 'always')], bash('npm test | git log')),
  ).toBe(true);
  expect(covers([rule(write('/p/a.txt'), 'always')], write('/p/b.txt'))).toBe(false);
  const other: Call = {
    tool: 'WebFetch',
    input: { url: 'https://a', prompt: 'x' },
    ...{ file: null, obeyed: false, project: '/p', root: '/p', conv_id: 'c' },
  };
  expect(covers([rule(other, 'always')], { ...other, input: { prompt: 'x', url: 'https://a' } })).toBe(true);
  expect(covers([rule(other, 'always')], { ...other, input: { url: 'https://b', prompt: 'x' } })).toBe(false);
});

verifies(
  'prompt.obeyed',
  'takes no path for the file of a call that a tool would read as another one',
  () => {
    const of = (path: string) => fileOf({ tool: 'Write', input: { file_path: path, content: 'x' } });
    for (const path of ['/p/a.txt', '/p/a b', '/p/a/../b', '/p/caf\u00e9']) expect(of(path), path).toBe(path);
    for (const path of [
      ' /p/a',
      '/p/a\r',
      '\ufeff/p/a',
      '~/a',
      'a.txt',
      './a',
      '/p/cafe\u0301',
      '/p/a\0b',
      'file:///p/a',
    ]) {
      expect(of(path), JSON.stringify(path)).toBeNull();
    }
  },
);

verifies('prompt.rules', 'covers a compound command when every part is', () => {
  const rules = [starting('npm test'), starting('git log')];
  for (const command of [
    'npm test',
    'npm test -- -u',
    'npm test && git log -3',
    'git log | npm test',
    'npm test "$(git log -1)"',
    'npm test 2>&1',
  ]) {
    expect(covers(rules, bash(command)), command).toBe(true);
  }
  const never = [
    'npm tests',
    'npm',
    'npm test; rm x',
    'npm test && curl x',
    'npm test $(rm x)',
    'npm test > out',
    'npm test `id`',
    'sudo npm test',
  ];
  for (const command of [
    ...never,
    'X=1 npm test',
    'npm test\nrm x',
    'npm test & rm x',
    '$X test',
    '(npm test)',
    'npm test <(id)',
    'n"p"m\u200b test',
  ]) {
    expect(covers(rules, bash(command)), command).toBe(false);
  }
});

verifies('prompt.rules', 'distinguishes a quoted word from an expanded one', () => {
  const pairs: [allowed: string, other: string][] = [
    ["rm -rf '*'", 'rm -rf *'],
    ["rm -rf '~'", 'rm -rf ~'],
    ["ls 'a?'", 'ls a?'],
    ["'A=1' npm test", 'A=1 npm test'],
    ['mkdir a1', "mkdir a1 '22'>/dev/null"],
    ['make', "make '1'>/dev/null"],
    ['make', 'make \\1>/dev/null'],
    ['touch z', "touch z > '&1'"],
  ];
  for (const [allowed, other] of pairs) {
    expect(covers([rule(bash(allowed), 'always')], bash(other)), other).toBe(false);
    expect(covers([rule(bash(allowed), 'always')], bash(allowed)), allowed).toBe(true);
  }
  expect(
    covers([rule(bash("'>' made.txt"), 'always'), starting('touch')], bash('touch other > made.txt')),
  ).toBe(false);
  const tool: Call = {
    tool: 'mcp__x__do',
    input: { file_path: '/p/a', action: 'check' },
    ...{ file: null, obeyed: false, project: '/p', root: '/p', conv_id: 'c' },
  };
  expect(covers([rule(tool, 'always')], { ...tool, input: { file_path: '/p/a', action: 'drop' } })).toBe(
    false,
  );
});

verifies(
  'prompt.rules',
  'holds only in its project, its conversation and its time, and for plain runs',
  () => {
    const one = rule(bash('npm test'), 'conversation');
    expect(covers([one], bash('npm test'))).toBe(true);
    expect(covers([one], bash('npm test', { conv_id: 'd' }))).toBe(false);
    expect(covers([rule(bash('npm test'), 'always')], bash('npm test', { conv_id: 'd' }))).toBe(true);
    expect(covers([rule(bash('npm test'), 'always')], bash('npm test', { project: '/q' }))).toBe(false);
    const timed = rule(bash('npm test'), { for: 'until', until: '2026-01-01T01:00:00Z' });
    expect(covers([timed], bash('npm test'), '2026-01-01T00:59:00.000Z')).toBe(true);
    expect(covers([timed], bash('npm test'), '2026-01-01T01:00:00.000Z')).toBe(false);
    expect(
      covers(
        [starting('npm')],
        bash('npm x', { input: { command: 'npm x', dangerouslyDisableSandbox: true } }),
      ),
    ).toBe(false);
    const folder = rule(write('/p/src/a.ts'), { for: 'always', folder: '/p/src/' });
    expect(covers([folder], write('/p/src/deep/b.ts'))).toBe(true);
    expect(covers([folder], write('/p/srcx/b.ts'))).toBe(false);
    // Where a link leads is decided by the resolved path.
    expect(covers([folder], { ...write('/p/src/link'), file: '/etc/passwd' })).toBe(false);
    expect(covers([folder], { ...write('/p/src/a.ts'), tool: 'Edit' })).toBe(false);
  },
);

verifies('prompt.rules', 'refuses a rule that would not cover what was asked', () => {
  const bad: [Call, Remember][] = [
    [bash('npm test'), { for: 'always', command: 'git' }],
    [bash('npm test'), { for: 'always', command: 'npm te' }],
    [bash('npm test; rm x'), { for: 'always', command: 'npm test; rm' }],
    [bash('npm test'), { for: 'always', command: 'npm $X' }],
    [bash('npm test'), { for: 'always', folder: '/p' }],
    [write('/p/a'), { for: 'always', folder: '/q' }],
    [write('/p/a'), { for: 'always', folder: '/p/../p' }],
    [bash('npm test'), { for: 'until' }],
    [bash('npm test'), { for: 'until', until: '2025-01-01T00:00:00Z' }],
  ];
  for (const [call, remember] of bad)
    expect(() => rule(call, remember), JSON.stringify(remember)).toThrow(/remember\./);
  expect(toRule(promptOf(bash('x')), bash('x'), 'once', made)).toBeNull();
});

verifies(
  'prompt.rules',
  'never widens: whatever is put behind an allowed command by an operator is not covered',
  () => {
    const evil = fc.constantFrom(
      '; rm x',
      '&& rm x',
      '|| rm x',
      '| rm',
      '& rm x',
      '\nrm x',
      '$(rm x)',
      '`rm x`',
      '> /etc/x',
      '<(rm x)',
      '"$(rm x)"',
      '; (rm x)',
    );
    const noise = fc.constantFrom('', ' ', '-a', ' "b c"', " 'd'", ' e\\ f', ' $X');
    fc.assert(
      fc.property(
        fc.array(noise, { maxLength: 4 }),
        evil,
        fc.array(noise, { maxLength: 3 }),
        (before, bad, after) => {
          expect(
            covers([starting('npm test')], bash(`npm test ${before.join('')} ${bad} ${after.join('')}`)),
          ).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  },
);
