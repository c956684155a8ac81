import fc from 'fast-check';
import { expect, test } from 'vitest';
import { styleMarks, TerminalText } from '../../../cli/terminal-text.ts';

const filter = (...pieces: string[]) => {
  const text = new TerminalText();
  return pieces.map((piece) => text.filter(piece)).join('');
};

test.each([
  ['plain text, 天気 and 👩‍👩‍👧\nwith a\ttab', 'plain text, 天気 and 👩‍👩‍👧\nwith a\ttab'],
  ['\u001b[31mFAIL\u001b[0m 3', 'FAIL 3'],
  ['a\u001b]0;a title\u0007b', 'ab'],
  ['a\u001b]52;c;c2VjcmV0\u001b\\b', 'ab'],
  ['a\u009d0;a title\u009cb\u009b2Jc', 'abc'],
  ['a\u001bPq#0;2\u001b\\b\u001b_apc\u001b\\c\u001b^pm\u001b\\d\u001bXsos\u001b\\e', 'abcde'],
  ['a\u001bcb\u001b(0c\u001b7d', 'abcd'],
  ['one\rtwo\u0008\u0000\u007f', 'onetwo'],
  ['\u001b]0;never ended\nthe next line', '\nthe next line'],
  ['\u001b[12\u001b[31mred', 'red'],
  ['\u001b', ''],
])('%j is shown as %j', (text, shown) => {
  expect(filter(text)).toBe(shown);
  expect(filter(...text)).toBe(shown);
});

test('our own style survives', () => {
  expect(filter(`${styleMarks.bold}name${styleMarks.end}`)).toBe('\u001b[1mname\u001b[0m');
});

test('whatever the text and wherever it is cut, only style codes, newlines and tabs reach the terminal', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '\u001b',
      '\u001b[',
      '\u001b]0;',
      '\u009b',
      '\u009d',
      '\u0007',
      '\u001b\\',
      '\n',
      '31m',
      ...Object.values(styleMarks),
    ),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const shown = filter(...pieces).replaceAll(/\u001b\[[012]m/g, '');
      expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }),
  );
});
