import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { startTestServer, type TestServer } from '../helper/server.ts';
import { folderOf, idOf, line, listed } from '../helper/transcript.ts';
import { verifies } from '../requirement/verifies.ts';

const output = (text: string) => [{ type: 'tool_result', tool_use_id: 't', content: text }];

/** What a person said (`said`), and what a tool printed (`printed`): the two parts of the index. */
async function startWithTexts(texts: readonly string[]): Promise<TestServer> {
  const server = await startTestServer();
  const lines = texts.flatMap((text, place) => [
    line(idOf(1), text, { uuid: idOf(100 + place) }),
    line(idOf(1), '', { uuid: idOf(200 + place), message: { role: 'user', content: output(text) } }),
  ]);
  await writeFile(join(await folderOf(server), `${idOf(1)}.jsonl`), lines.join(''));
  await listed(server);
  return server;
}

/** Texts, each with queries that find only it, and queries that find nothing although all words are there. */
const named: [text: string, finds: string[], findsNothing?: string[]][] = [
  ['the foo-bar is here', ['foo-bar', '"foo bar"', 'foo-b*', 'FOO-BAR'], ['foo-here', '"bar foo"']],
  ['see src/app.ts:12', ['src/app.ts', 'app.ts:12', 'src/app*', '"see src/app.ts"'], ['app/src', 'src/ts']],
  ['call snake_case()', ['snake_case', 'snake_case()', '_case('], ['case_snake']],
  ['今日は天気がいい', ['天気', '"天気がいい"', '天*'], ['気天']],
  ['wrote new.txt', ['new.txt', './new.txt'], ['txt.new']],
  ["I don't know", ["don't", 'don t', 'don’t'], ["t'don"]],
  ['tag v1.2 of it', ['v1.2', 'v1.*'], ['v2.1']],
  ['point x.y there', ['x.y'], ['y.x']],
  ['이미 배포했습니다', ['배포', '배포했습니다', '배포'.normalize('NFD')], ['포배']],
  ['ภาษาไทยง่าย', ['ไทย', 'ง่าย']],
  ['der Größenwahn in Köln', ['Köln'.normalize('NFD'), 'koln', '"größenwahn in"']],
  ['das schöne Café'.normalize('NFD'), ['Café', 'cafe', 'schöne']],
  ['ﬁne ｗｉｄｅ', ['fine', 'wide', 'ﬁne'.normalize('NFKD')]],
  ['λόγος ΚΌΣΜΟΣ', ['κόσμος', 'κόσμοσ', 'λογος']],
  ['const parseHttpHeader = 1', ['parsehttpheader', 'header', '"http header"'], ['"header parse"']],
];

verifies(
  'session.search',
  'finds names of files, identifiers and words of every script, said or printed, and only those',
  async () => {
    const server = await startWithTexts(named.map(([text]) => text));
    const find = async (q: string, role: string): Promise<string[]> => {
      const response = await server.send(`/api/search?q=${encodeURIComponent(q)}&role=${role}`);
      expect(response.status, q).toBe(200);
      const { hits } = (await response.json()) as { hits: { message_id: string; marks: unknown[] }[] };
      for (const hit of hits) expect(hit.marks.length, q).toBeGreaterThan(0);
      return hits.map((hit) => hit.message_id);
    };
    for (const [place, [, finds, findsNothing = []]] of named.entries()) {
      for (const query of finds) {
        expect(await find(query, 'user'), query).toEqual([idOf(100 + place)]);
        expect(await find(query, 'output'), query).toEqual([idOf(200 + place)]);
        expect(await find(query, 'user,assistant,tool,output'), query).toHaveLength(2);
      }
      for (const query of findsNothing) {
        expect(await find(query, 'user'), query).toEqual([]);
        expect(await find(query, 'output'), query).toEqual([]);
      }
    }
    // Each term has to be in what is found: the phrase too, not only its words.
    expect(await find('see "app src"', 'output')).toEqual([]);
  },
);

const fragment = fc.oneof(
  fc.constantFrom(
    ...'AND|OR|NOT|NEAR|NEAR(|*|^|"|(|)|:|{|}|+|-|,|;|\\|/|.|\'|%|_|&|=|?|#| |\t|\n|\0'.split('|'),
  ),
  fc.constantFrom(
    'user:',
    '{user assistant} :',
    'words',
    'rowid',
    'rank',
    'said',
    'output',
    'NEAR(a b, 5)',
    '"a b"*',
    '^a',
    '- a',
  ),
  fc.constantFrom(
    'foo-bar',
    'src/app.ts',
    '天気',
    '배포',
    'ไทย',
    'हिन्दी',
    'العربية',
    'עברית',
    '🎉',
    '👩‍👩‍👧',
    '½',
    '㍿',
    'ﷺ',
    'ß',
    'İ',
    '\u200b',
    '\u202e',
  ),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.nat({ max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
  fc.constantFrom('a'.repeat(200), '-'.repeat(200), '"'.repeat(200), '\u0301'.repeat(200), 'a '.repeat(200)),
);

const form = fc.constantFrom('NFC', 'NFD', 'NFKC', 'NFKD');

/** Also what no text can be: halves of letters, bytes that are not UTF-8. */
const encoded = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .tuple(fc.array(fragment, { minLength: 1, maxLength: 8 }), form)
      .map(([parts, name]) => toQuery(parts.join('').normalize(name))),
  },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ minLength: 1, maxLength: 30 })
      .map((bytes) => [...bytes].map(toPercent).join('')),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('%ED%A0%80', '%zz', '%', '%C0%80', '%F4%90%80%80', '%00', '%FF%FE'),
  },
);
const toPercent = (byte: number) => `%${byte.toString(16).padStart(2, '0')}`;
/** A lone surrogate as the three bytes that some encoders make of it. */
const toQuery = (text: string) =>
  Array.from(text, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    if (code < 0xd800 || code > 0xdfff) return encodeURIComponent(letter);
    return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)].map(toPercent).join('');
  }).join('');

const bytesAt = fc.constantFrom(
  '2026-01-01T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59+14:00',
  'yesterday',
  '1',
  '',
);
const others = fc.record(
  {
    project: encoded,
    since: bytesAt.map(encodeURIComponent),
    until: bytesAt.map(encodeURIComponent),
    limit: fc.constantFrom('1', '100', '0', '-1', '1e3', 'NaN', '99999999999999999999', ''),
    role: fc.constantFrom(
      'user',
      'output',
      'tool,output',
      ',',
      'nobody',
      'user,user',
      encodeURIComponent('"'),
    ),
    agent: encoded,
    'q[]': encoded,
  },
  { requiredKeys: [] },
);

verifies(
  'session.search',
  'answers every query with results or an error in the query, never with an internal error',
  async () => {
    const server = await startWithTexts([
      ...named.map(([text]) => text),
      'a b c user said output rank NEAR AND OR NOT',
    ]);
    const oddTimes = [1e20, -1e20, 1.5, '2026', null].map((timestamp) =>
      JSON.stringify({ display: 'foo-bar 天気', timestamp, project: 5 }),
    );
    await writeFile(join(server.workspace.home, '.claude', 'history.jsonl'), `${oddTimes.join('\n')}\n`);
    expect(await server.get('/api/history?q=foo-bar')).toMatchObject({
      prompts: oddTimes.map(() => ({ text: 'foo-bar 天気' })),
    });
    const sample = fc.sample(fc.tuple(encoded, others, fc.nat()), { numRuns: 2000, seed: 15 });
    const paths = sample.map(([q, more, place]) => {
      const rest = Object.entries(more).map(([name, value]) => `&${name}=${value}`);
      if (place % 10 === 0)
        return `/api/hosts/local/sessions?q=${q}${rest.filter((one) => /^&(project|limit)/.test(one)).join('')}`;
      if (place % 10 === 1)
        return `/api/history?q=${q}${rest.filter((one) => one.startsWith('&project')).join('')}`;
      return `/api/search?q=${q}${place % 3 ? '' : rest.join('')}`;
    });
    const answers = new Map<number, number>();
    const check = async (path: string) => {
      const response = await server.send(path);
      answers.set(response.status, (answers.get(response.status) ?? 0) + 1);
      expect([200, 400], `${path}: ${await response.text()}`).toContain(response.status);
    };
    for (let at = 0; at < paths.length; at += 8) await Promise.all(paths.slice(at, at + 8).map(check));
    // Most are good queries: it is not that all of them were refused.
    expect(answers.get(200)).toBeGreaterThan(1000);
  },
);
