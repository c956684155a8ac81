import { expect, test } from 'vitest';
import { errorTable } from '../../../../contract/error.ts';
import { fixes as de } from '../../../../frontend/i18n/de/fixes.ts';
import { fixes as en } from '../../../../frontend/i18n/en/fixes.ts';

/** What a person at a phone can do nothing with: methods, paths, fields, headers, variables of the server. */
const apiWords =
  /\b(GET|POST|PUT|PATCH|DELETE|HTTP|JSON)\b|\/api|…\/|\b[a-z]+_[a-z]+|\b[A-Z]+_[A-Z]+|Retry-After|Host header/;

test('every fix of the page belongs to an error, in both languages', () => {
  const ownCodes = ['unreachable', 'unknown'];
  expect(Object.keys(de)).toEqual(Object.keys(en));
  for (const code of Object.keys(en)) expect([...ownCodes, ...Object.keys(errorTable)]).toContain(code);
});

test('no fix of the page names a method, a path or a field of the API', () => {
  for (const fixes of [en, de]) {
    for (const [code, fix] of Object.entries(fixes)) {
      expect(fix, code).not.toMatch(apiWords);
      expect(fix, code).toMatch(/^[A-ZÄÖÜ].*\.$/);
    }
  }
});
