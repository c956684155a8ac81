import fc from 'fast-check';
import { expect } from 'vitest';
import { type Blocks, safeHref, toBlocks } from '../../../frontend/ui/blocks.ts';
import { verifies } from '../../requirement/verifies.ts';

const pieces = [
  '# Title\n\n',
  'word ',
  '**bold** ',
  '\n',
  '\n\n',
  '- item\n',
  '  - inner\n',
  '1. one\n',
  '```js\n',
  'const a = 1;\n',
  '```\n',
  '| a | b |\n',
  '|---|---|\n',
  '| 1 | 2 |\n',
  '> quote\n',
  '---\n',
  '\t',
  '<b>',
  '[x](y)',
  '\\',
  '`code`',
  '[x]: /y\n',
  '===\n',
  '<div>\n',
  '* * *\n',
  '[ ] ',
  '    indented\n',
  '\r\n',
];

verifies('page.logic', 'reads a text that grows as it reads it whole', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 40 }), (parts) => {
      let known: Blocks | undefined;
      let text = '';
      for (const part of parts) {
        text += part;
        known = toBlocks(text, known);
      }
      expect(known ?? toBlocks('')).toEqual(toBlocks(text));
    }),
    { numRuns: 300 },
  );
});

verifies('page.logic', 'keeps the blocks that are finished while the last one grows', () => {
  const before = toBlocks('one\n\ntwo\n\nthree');
  const after = toBlocks('one\n\ntwo\n\nthree and more', before);
  expect(after.blocks[0]).toBe(before.blocks[0]);
  expect(after.blocks.at(-1)?.raw).toBe('three and more');
  expect(toBlocks('one\n\ntwo\n\nthree', before)).toBe(before);
});

verifies('page.safe', 'opens only addresses of the web and of mail', () => {
  expect(safeHref('https://example.org/a?b#c')).toBe('https://example.org/a?b#c');
  expect(safeHref('mailto:a@example.org')).toBe('mailto:a@example.org');
  for (const bad of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'java\u0000script:alert(1)',
    '\u200bjavascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://x/1',
    '/settings',
    '//evil.example',
    '#x',
    '',
  ]) {
    expect(safeHref(bad), JSON.stringify(bad)).toBeNull();
  }
});
