import fc from 'fast-check';
import { expect } from 'vitest';
import { excerptOf, parseQuery, textsOf, toIndexed, toMatch } from '../../../server/transcript/search-text.ts';
import { verifies } from '../../requirement/verifies.ts';

verifies('session.search', 'takes a query apart into words, phrases and prefixes, and never into operators', () => {
  expect(parseQuery('one "two three" four* "open')).toEqual([
    { text: 'one', isPrefix: false },
    { text: 'two three', isPrefix: false },
    { text: 'four', isPrefix: true },
    { text: 'open', isPrefix: false },
  ]);
  expect(parseQuery('-- * "" ()')).toEqual([]);
  expect(toMatch(parseQuery('a" OR NEAR(b) col:x'))).toBe('"a" AND "OR" AND "NEAR(b)" AND "col:x"');
  expect(toMatch([])).toBeNull();
});

verifies('session.search', 'marks where the words stand, whatever text they stand in', () => {
  expect(excerptOf('Der Übergang ist über', parseQuery('ubergang'))).toEqual({ excerpt: 'Der Übergang ist über', marks: [[4, 12]] });
  expect(excerptOf('call readFileNow()', parseQuery('filenow'))?.marks).toEqual([[9, 16]]);
  expect(excerptOf('日本語の文', parseQuery('本語'))?.marks).toEqual([[1, 3]]);
  expect(excerptOf('nothing', parseQuery('else'))).toBeNull();
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 400 }),
      fc.stringMatching(/^[a-z]{1,8}$/),
      fc.string({ maxLength: 400 }),
      (before, word, after) => {
        const found = excerptOf(`${before} ${word} ${after}`, [{ text: word, isPrefix: false }]);
        expect(found).not.toBeNull();
        for (const [from, to] of found?.marks ?? [])
          expect(found?.excerpt.slice(from, to).normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()).toBe(word);
      },
    ),
  );
});

verifies('session.search', 'puts the parts of names behind a text, so that phrases stay whole', () => {
  expect(toIndexed('call readFileNow and HTTPServer')).toBe('call readFileNow and HTTPServer\nread File Now HTTP Server');
  // Data is no name, however long it is, and takes no longer than its length.
  const data = '0123456789'.repeat(50_000);
  expect(toIndexed(`${data} fooBar`)).toBe(`${data} fooBar\nfoo Bar`);
  expect(toIndexed('plain words, snake_case')).toBe('plain words, snake_case');
});

verifies('session.search', 'finds what was said and done, not what surrounds it', () => {
  const user = (content: unknown, more = {}) => ({ type: 'user', message: { content }, ...more });
  expect(textsOf(user('hello<system-reminder>note</system-reminder>'))?.user).toBe('hello');
  expect(textsOf(user('meta', { isMeta: true }))).toBeNull();
  expect(textsOf(user([{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'out' }] }]))).toMatchObject({
    user: '',
    output: 'out',
  });
  const assistant = {
    type: 'assistant',
    message: {
      content: [
        { type: 'text', text: 'said' },
        { type: 'tool_use', name: 'Bash', input: { command: 'ls', deep: [{ a: 'b' }] } },
      ],
    },
  };
  expect(textsOf(assistant)).toEqual({ user: '', assistant: 'said', tool: 'ls\nb', output: '' });
  expect(textsOf({ type: 'api-request-blob', message: { content: 'again' } })).toBeNull();
});
