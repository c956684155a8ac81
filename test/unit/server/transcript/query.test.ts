import fc from 'fast-check';
import { expect } from 'vitest';
import {
  buildExcerpt,
  findPlaces,
  parseQuery,
  toMatch,
  toSearched,
  toWordMatch,
} from '../../../../server/transcript/query.ts';
import { distinctWords, toIndexed } from '../../../../server/transcript/search-text.ts';
import { compose, wordsIn } from '../../../../server/transcript/words.ts';
import { verifies } from '../../../requirement/verifies.ts';

function find(text: string, query: string) {
  const searched = toSearched(text);
  return buildExcerpt(
    searched.composed,
    parseQuery(query).flatMap((term) => findPlaces(searched, term)),
  );
}

function marked(text: string, query: string): string[] {
  const found = find(text, query);
  return (found?.marks ?? []).map(([from, to]) => found?.excerpt.slice(from, to) ?? '');
}

verifies(
  'session.search',
  'takes a query apart into words, phrases and prefixes, and never into operators',
  () => {
    expect(parseQuery('one "two three" four* "open')).toEqual([
      { words: ['one'], isPrefix: false },
      { words: ['two', 'three'], isPrefix: false },
      { words: ['four'], isPrefix: true },
      { words: ['open'], isPrefix: false },
    ]);
    expect(parseQuery('src/app.ts foo-b* 天気')).toEqual([
      { words: ['src', 'app', 'ts'], isPrefix: false },
      { words: ['foo', 'b'], isPrefix: true },
      { words: ['天', '気'], isPrefix: false },
    ]);
    expect(parseQuery('-- * "" () \u0000 \ud800 \u0301 🎉')).toEqual([]);
    expect(toMatch(parseQuery('a" OR NEAR(b) col:x y*'))).toBe(
      '"a" AND "or" AND "near b" AND "col x" AND "y"*',
    );
    expect(toWordMatch(parseQuery('col:x x NEAR(b* y-z*'))).toBe(
      '"col" AND "x" AND "near" AND "b"* AND "y" AND "z"*',
    );
  },
);

verifies('session.search', 'marks where the words stand, whatever text they stand in', () => {
  expect(find('Der Übergang ist über', 'ubergang')).toEqual({
    excerpt: 'Der Übergang ist über',
    marks: [[4, 12]],
  });
  expect(marked('call readFileNow()', 'filenow file "file now"')).toEqual(['File', 'FileNow']);
  expect(marked('日本語の文', '本語')).toEqual(['本語']);
  expect(marked('배포했습니다', '배포')).toEqual(['배포']);
  expect(marked('die Zeile in  src/app.ts:3', 'src/app.ts')).toEqual(['src/app.ts']);
  expect(marked('src app ts, and src/apps', '"src/app"')).toEqual(['src app']);
  expect(find('nothing', 'else')).toBeNull();
  expect(find(`${'🎉'.repeat(200)} word ${'🎉'.repeat(200)}`, 'word')?.excerpt).not.toMatch(/\p{Cs}/u);
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 400 }),
      fc.stringMatching(/^[a-z]{1,8}$/),
      fc.string({ maxLength: 400 }),
      (before, word, after) => {
        expect(marked(`${before}. ${word} ${after}`, word).map((found) => found.toLowerCase())).toContain(
          word,
        );
      },
    ),
  );
});

verifies('session.search', 'takes texts apart in one way, in each normalisation of Unicode', () => {
  const words = (text: string) => wordsIn(compose(text)).map((word) => word.text);
  expect(words('Größe, ÉCOLE İstanbul ΟΔΟΣ')).toEqual(['große', 'ecole', 'istanbul', 'οδοσ']);
  expect(words('हिन्दी भाषा')).toHaveLength(2);
  expect(words('ﬁle x² ｆｏｏ Ⅳ')).toEqual(['file', 'x2', 'foo', 'iv']);
  const letters = fc.string({
    unit: fc.oneof(fc.constantFrom(...'aZ0_-. äé배포が'), fc.string({ unit: 'grapheme', maxLength: 1 })),
    maxLength: 40,
  });
  fc.assert(
    fc.property(letters, (text) => {
      for (const form of ['NFC', 'NFD'] as const) expect(words(text.normalize(form))).toEqual(words(text));
      // What is put into the index is taken apart by its tokenizer as we do.
      const tokens = (indexed: string) => indexed.toLowerCase().match(/[a-z0-9\u0080-\uffff]+/g) ?? [];
      expect(tokens(toIndexed(text)).slice(0, words(text).length)).toEqual(words(text));
      expect(tokens(distinctWords(text))).toEqual(expect.arrayContaining([...new Set(words(text))]));
    }),
    { numRuns: 500 },
  );
});
