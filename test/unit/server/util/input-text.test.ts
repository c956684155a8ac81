import fc from 'fast-check';
import { expect } from 'vitest';
import { asTyped, withoutControls } from '../../../../server/util/input-text.ts';
import { verifies } from '../../../requirement/verifies.ts';

const pieces = [
  '\x1b',
  '[20',
  '1~',
  '[201~',
  '\x1b[201~',
  '\x9b',
  '201~',
  '\r',
  '\n',
  '\t',
  '\x7f',
  '\0',
  '!',
  'A',
  '\u0085',
  '😀',
  '\ud83d',
  '\\',
  ' ',
];

verifies(
  'terminal.text',
  'leaves no control character but newline and tab, whatever a text is made of',
  () => {
    const text = fc.oneof(
      fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
      fc.array(fc.integer({ min: 0, max: 0x9f })).map((codes) => String.fromCharCode(...codes)),
    );
    fc.assert(
      fc.property(text, (given) => {
        for (const typed of [withoutControls(given), asTyped(given)]) {
          const codes = [...typed].map((char) => char.codePointAt(0) ?? 0);
          expect(
            codes.filter((code) => (code < 32 && code !== 9 && code !== 10) || (code >= 127 && code < 160)),
          ).toEqual([]);
          expect(typed.isWellFormed()).toBe(true);
          expect(withoutControls(typed)).toBe(typed);
        }
        expect(
          asTyped(given).trimStart().startsWith('!') &&
            !asTyped(given).startsWith(' ') &&
            !/^\s/.test(asTyped(given)),
        ).toBe(false);
      }),
      { numRuns: 300 },
    );
    expect(asTyped('A\x1b[20\x1b[201~1~\x1b!touch P\rB')).toBe('A[20[201~1~!touch P\nB');
    expect(withoutControls('one\r\ntwo\rthree\tfour')).toBe('one\ntwo\nthree\tfour');
  },
);
