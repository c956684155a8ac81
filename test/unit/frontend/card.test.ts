import fc from 'fast-check';
import { h } from 'preact';
import render from 'preact-render-to-string';
import { expect } from 'vitest';
import type { Prompt } from '../../../contract/prompt.ts';
import { toRows } from '../../../contract/shown-input.ts';
import { cutText, hidesCharacters, toPieces, visible } from '../../../contract/visible.ts';
import { showsAll } from '../../../frontend/feature/prompt/plan-text.ts';
import { PromptCard } from '../../../frontend/feature/prompt/prompt-card.tsx';
import { verifies } from '../../requirement/verifies.ts';

const prompt = (tool: string, input: Record<string, unknown>, more: Partial<Prompt> = {}): Prompt => ({
  ...{
    id: 'p',
    kind: 'permission',
    conv_id: 'c',
    turn_id: 't',
    tool,
    input,
    reason: null,
    risks: [],
    project: '/p',
  },
  ...{ parent_tool_id: null, offers: [], opened_at: '2026-01-01T00:00:00Z', ...more },
});

const entities: Record<string, string> = {
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
  '&quot;': '"',
  '&#39;': "'",
};

/** The card as a person reads it: its text, without the markup. */
const textOf = (html: string) =>
  html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(?:lt|gt|amp|quot|#39);/g, (found) => entities[found] ?? found);
const card = (one: Prompt) => render(h(PromptCard, { prompt: one }));
const isAllowable = (html: string) => !/<button[^>]*disabled[^>]*>Allow</.test(html) && />Allow</.test(html);

function leavesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [String(JSON.stringify(value))];
  const inner = Object.entries(value);
  if (!inner.length) return [JSON.stringify(value)];
  return inner.flatMap(([key, one]) => [...(Array.isArray(value) ? [] : [key]), ...leavesOf(one)]);
}

const odd = fc.constantFrom(
  ...[
    '',
    ' ',
    'false',
    'null',
    '[]',
    '{}',
    '0',
    '"x"',
    'a\nb',
    '\u202etxt.exe',
    '\u200b',
    '\ud800',
    '\r',
    '\u001b[31m',
    '\u3164',
    '\u2800',
  ],
  ...[
    '\u{e0041}',
    '\ufe0f',
    '\u00ad',
    '\u00a0',
    'a\u0301\u0301\u0301\u0301\u0301\u0301',
    ' '.repeat(40),
    '\t'.repeat(30),
    'x ',
  ],
  ...['__proto__', 'toString', '<b>&amp;', '⟨U+202E⟩', 'k'.repeat(150), '👩‍👩‍👧', 'ж', '日本'],
);
const leaf = fc.oneof(
  odd,
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(null, true, false, 0, -1.5, 1e21),
  fc.constant([]),
  fc.constant({}),
);
const names = [
  'command',
  'file_path',
  'content',
  'old_string',
  'new_string',
  'edits',
  'description',
  'url',
  'plan',
  'questions',
  'path',
  'safe_mode',
];
const key = fc.oneof(fc.constantFrom(...names), odd, fc.string({ maxLength: 8 }));
const inputs = fc.dictionary(
  key,
  fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 3 }),
    ),
  })).value,
  { maxKeys: 5 },
);
const tools = fc.constantFrom(
  'Bash',
  'Write',
  'Edit',
  'MultiEdit',
  'NotebookEdit',
  'Read',
  'WebFetch',
  'Task',
  'ExitPlanMode',
  'AskUserQuestion',
  'mcp__m__write',
);

verifies('prompt.shown', 'has every field and value of any input on the card', () => {
  fc.assert(
    fc.property(tools, inputs, (tool, input) => {
      const html = card(
        prompt(tool, input, { kind: tool === 'AskUserQuestion' ? 'question' : 'permission' }),
      );
      const text = textOf(html);
      if (text.includes('more fields')) {
        expect(isAllowable(html)).toBe(false);
        return;
      }
      const isNote = tool === 'Bash' && typeof input['command'] === 'string';
      for (const value of leavesOf(input)) {
        // Below a command its description stands alone, without its name.
        if (isNote && value === 'description') continue;
        // A longer name is cut, and keeps the card from being allowed.
        if (cutText(value)) expect(isAllowable(html)).toBe(false);
        else expect(text, JSON.stringify({ tool, input, value })).toContain(visible(value));
      }
    }),
    { numRuns: 400 },
  );
  const seen: [tool: string, input: Record<string, unknown>, parts: string[]][] = [
    [
      'mcp__m__write',
      { path: 'a', content: 'EVIL', edits: [] },
      ['path', 'a', 'content', 'EVIL', 'edits', '[]'],
    ],
    ['mcp__m__write', { path: 'a', new_string: 'EVIL' }, ['new_string', 'EVIL']],
    ['mcp__m__write', { safe_mode: false }, ['safe_mode', 'false']],
    ['mcp__m__write', { command: { run: 'x' } }, ['command', 'run', 'x']],
    [
      'Bash',
      { command: 'ls', description: 'lists', dangerouslyDisableSandbox: true, timeout: 5 },
      ['ls', 'lists', 'dangerouslyDisableSandbox', 'true', '5'],
    ],
    [
      'ExitPlanMode',
      { plan: 'Do it', allowedPrompts: [{ tool: 'Bash', prompt: 'anything' }] },
      ['allowedPrompts', 'Bash', 'anything'],
    ],
  ];
  for (const [tool, input, parts] of seen) {
    const text = textOf(card(prompt(tool, input, { kind: tool === 'ExitPlanMode' ? 'plan' : 'permission' })));
    expect(text).not.toContain('[object Object]');
    for (const part of parts) expect(text, tool).toContain(part);
  }
  // Deeper than a phone can indent, and wider than it can list.
  const deep = { a: { b: { c: { d: { e: { f: { g: 'EVIL' } } } } } } };
  expect(textOf(card(prompt('mcp__m__x', deep)))).toContain('"g":"EVIL"');
  const wordy = card(prompt(`mcp__${'allow_this_'.repeat(40)}`, { a: 'EVIL' }));
  expect(textOf(wordy).indexOf('EVIL')).toBeLessThan(150);
  expect(textOf(wordy)).toContain(`mcp__${'allow_this_'.repeat(40)}`);
  expect(card(prompt('mcp__m__x', { 'a\n\nAllow': 1 }))).toContain('field-name lines');
  const nested = Array.from({ length: 2000 }).reduce((value: unknown) => [value], 'EVIL');
  expect(toRows({ a: nested }).reduce((sum, { value }) => sum + value.length, 0)).toBeLessThan(20_000);
  const wide = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, index]));
  expect(textOf(card(prompt('mcp__m__x', wide)))).toContain('… 120 more fields');
  expect(isAllowable(card(prompt('mcp__m__x', wide)))).toBe(false);
});

verifies('prompt.shown', 'puts the command first, and has a long one opened before it can be allowed', () => {
  const long = `npm test${'\n'.repeat(60)}touch EVIL`;
  const html = card(prompt('Bash', { description: 'd'.repeat(1500), command: long }));
  const text = textOf(html);
  expect(text).toContain('… 58 more lines');
  expect(text).toContain('touch EVIL');
  expect(text.indexOf('npm test')).toBeLessThan(text.indexOf('ddd'));
  expect(text.split('d'.repeat(1500))).toHaveLength(2);
  expect(isAllowable(html)).toBe(false);
  expect(isAllowable(card(prompt('Bash', { command: 'npm test' })))).toBe(true);
  expect(textOf(card(prompt('Bash', { command: 'x'.repeat(1684) })))).toContain('… 1,234 more characters');
  for (const [tool, field] of [
    ['Write', 'content'],
    ['Edit', 'new_string'],
    ['WebFetch', 'url'],
    ['mcp__m__x', 'anything'],
    ['Read', 'file_path'],
  ]) {
    const other = card(prompt(String(tool), { [String(field)]: long }));
    expect([isAllowable(other), textOf(other).includes('… 58 more lines')], tool).toEqual([false, true]);
  }
});

verifies('prompt.shown', 'shows what cannot be seen as marks, so that no two texts look the same', () => {
  const unseen = [
    ...[
      '\0',
      '\u0007',
      '\b',
      '\r',
      '\u001b',
      '\u007f',
      '\u0085',
      '\u00a0',
      '\u00ad',
      '\u034f',
      '\u061c',
      '\u115f',
      '\u1160',
      '\u1680',
      '\u17b4',
    ],
    ...[
      '\u180e',
      '\u2003',
      '\u200b',
      '\u200d',
      '\u200e',
      '\u2028',
      '\u202e',
      '\u2060',
      '\u2066',
      '\u2800',
      '\u3000',
      '\u3164',
      '\ufe0f',
      '\ufeff',
    ],
    ...['\uffa0', '\ufffc', '\ud83d', '\ue000', '\u{e0041}', '\u{e0100}', '\u{1d159}', '\ufff9'],
  ];
  for (const char of unseen) {
    expect(
      toPieces(`a${char}b`).map(({ isMark }) => isMark),
      visible(char),
    ).toEqual([false, true, false]);
    expect(hidesCharacters(`a${char}b`), visible(char)).toBe(true);
  }
  expect(visible(`a${'\u200b'.repeat(500)}b`)).toBe('a⟨U+200B × 500⟩b');
  expect(visible(`a${' '.repeat(80)}b `)).toBe('a⟨space × 80⟩b⟨space⟩');
  expect(visible(`z${'\u0301'.repeat(40)}`)).toBe('z⟨U+0301 × 40⟩');
  for (const plain of ['npm test', 'a\n  b\tc', 'grün é e\u0301', '日本 привет', '👍']) {
    expect(visible(plain)).toBe(plain);
    expect(hidesCharacters(plain)).toBe(false);
  }
  expect(hidesCharacters('done ✔️ 👩‍👩‍👧 !')).toBe(false);
  const text = fc
    .array(fc.oneof(odd, fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 6 })
    .map((pieces) => pieces.join(''));
  const decode = (shown: string) =>
    shown.replaceAll(
      /⟨(space|tab|U\+([0-9A-F]+))(?: × (\d+))?⟩/g,
      (_, name: string, code: string, count = '1') =>
        (name === 'space'
          ? ' '
          : name === 'tab'
            ? '\t'
            : String.fromCodePoint(Number.parseInt(code, 16))
        ).repeat(Number(count)),
    );
  fc.assert(
    fc.property(text, (one) => {
      expect(decode(visible(one))).toBe(one);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '\n', 'bc'.repeat(99), '😀'), { maxLength: 400 }), (pieces) => {
      const whole = pieces.join('');
      const cut = cutText(whole);
      if (cut) expect(cut.head + cut.middle + cut.tail).toBe(whole);
      else expect(whole.length).toBeLessThanOrEqual(600);
    }),
  );
});

verifies('prompt.shown', 'notices when a drawn plan leaves words out', () => {
  expect(showsAll('# Plan\n\n1. do `this`\n2. then **that**', 'Plan do this then that')).toBe(true);
  for (const [source, drawn] of [
    ['See [the docs](https://evil.example)', 'See the docs'],
    ['a <!-- hidden words --> b', 'a b'],
    ['| a |\n|---|\n| b | hidden |', 'a b'],
    ['[x]: https://evil.example', ''],
  ] as const) {
    expect(showsAll(source, drawn), source).toBe(false);
  }
  expect(toRows({ b: 1, command: 'x', a: [1] }).map(({ name }) => name)).toEqual(['command', 'b', 'a', '1']);
});
