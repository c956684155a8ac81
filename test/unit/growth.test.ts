import { expect } from 'vitest';
import { TerminalText } from '../../cli/terminal-text.ts';
import { createSseDecoder } from '../../contract/client.ts';
import { cutsOf, toRows } from '../../contract/shown-input.ts';
import { cutText, hidesCharacters, toPieces } from '../../contract/visible.ts';
import { toSpeech } from '../../frontend/feature/chat/read-aloud.ts';
import { testsIn } from '../../frontend/feature/chat/receipt.ts';
import { exitCodeOf, objectOf } from '../../frontend/feature/chat/tool-line.ts';
import { toBlocks } from '../../frontend/ui/blocks.ts';
import { toCodePieces } from '../../frontend/ui/code-pieces.ts';
import { diffRows } from '../../frontend/ui/diff-rows.ts';
import { type Drawn, drawGrowing } from '../../frontend/ui/drawn-blocks.ts';
import { headOf } from '../../frontend/ui/head-of.ts';
import { highlight } from '../../frontend/ui/highlight.ts';
import { parseInline } from '../../frontend/ui/markdown/inline.ts';
import { countSigns } from '../../frontend/ui/sign.ts';
import { decodeLine } from '../../server/agent/claude/decoder.ts';
import { createLineReader } from '../../server/agent/claude/line-reader.ts';
import { partToMarkdown } from '../../server/http/export.ts';
import { parseJson } from '../../server/http/read-json.ts';
import { matchFiles } from '../../server/project/file-match.ts';
import { boundedStart } from '../../server/prompt/bounded.ts';
import { toRule } from '../../server/prompt/new-rule.ts';
import { isObeyedName } from '../../server/prompt/obeyed.ts';
import { pathsOf } from '../../server/prompt/paths.ts';
import { partsOf, risksOf } from '../../server/prompt/risk.ts';
import { type Call, coveringRules, inputText } from '../../server/prompt/rule-match.ts';
import { parseShell } from '../../server/prompt/shell.ts';
import { isBoxEmpty } from '../../server/terminal/input-box.ts';
import { stripEscapes } from '../../server/terminal/output-log.ts';
import { findAnswerBeforeShells, findReply } from '../../server/transcript/answer.ts';
import { createBranch } from '../../server/transcript/branch.ts';
import type { Entry } from '../../server/transcript/entry.ts';
import { toNode } from '../../server/transcript/entry-tree.ts';
import { createHistoryPage } from '../../server/transcript/history-page.ts';
import { createLineSplitter } from '../../server/transcript/jsonl.ts';
import { LastActivityReader } from '../../server/transcript/last-activity.ts';
import { foldEntries } from '../../server/transcript/messages.ts';
import { addEntry, noFacts } from '../../server/transcript/metadata.ts';
import { findPlaces, parseQuery, toSearched } from '../../server/transcript/query.ts';
import { planRepair } from '../../server/transcript/repair.ts';
import { distinctWords, extractTexts, toIndexed } from '../../server/transcript/search-text.ts';
import { asTyped } from '../../server/util/input-text.ts';
import { toJson } from '../../server/util/json-text.ts';
import { parseIgnoreFile } from '../../server/work-tree/ignore-pattern.ts';
import { findGrowth } from '../helper/growth.ts';
import { verifies } from '../requirement/verifies.ts';

type Row = { parse(text: string): unknown; fragments: readonly string[]; sizes?: readonly number[] };

const user = (text: string): Entry => ({ type: 'user', uuid: 'u', message: { content: text } });
const call = (input: Record<string, unknown>): Call => ({
  tool: 'Bash',
  input,
  file: '/p/f',
  obeyed: false,
  project: '/p',
  root: '/p',
  conv_id: 'c',
});
const rule = (command: string) => ({
  id: 'r',
  tool: 'Bash',
  match: { by: 'command' as const, command, exact: false },
  project: '/p',
  conv_id: null,
  until: null,
  created_at: '',
  created_by: '',
});
const chunks = (text: string) =>
  Array.from({ length: Math.ceil(text.length / 1000) }, (_, index) =>
    text.slice(index * 1000, index * 1000 + 1000),
  );
const attempt = (work: () => unknown) => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

const emphasis = ['*a_', '* ', '**a ', 'a*b_c', '~~'];
const links = ['[a](b "', '[a][', '![a](', '[', 'www.a', 'a@', '<a b="'];
const blocks = ['> ', '- ', '> a\nb\n', '|a', '[a]: b\n', '```\n', '<!-- a', '1. a\n', '\n'];
const escapes = ['\x1b[', '\x1b]', '\x1b[1;', '\x1b[1m', '\x07', '\r\n'];
const tags = [
  '<system-reminder>',
  '<command-name>',
  '<command-args>',
  '<local-command-stdout>',
  '<task-notification>',
  '<summary>',
  '</',
];
const marks = ['\u0301\u0323', '\u200b', '  ', '\ud800', 'aB', '天'];

/** Beyond this length a command is not taken apart. */
const ofCommands = [200, 2000, 20_000];

/** Every parser of text that a model, a page or a file can write. Add a row for a new parser. */
const parsers: Record<string, Row> = {
  'Markdown blocks': { parse: (text) => toBlocks(text), fragments: blocks },
  'Markdown inlines': {
    parse: (text) => parseInline(text, new Map([['a', 'https://example.org']])),
    fragments: [...emphasis, ...links, '`a', '&amp;'],
  },
  'Markdown that streams': {
    parse(text) {
      let drawn: Drawn | undefined;
      for (let end = 200; end < text.length; end += Math.max(200, text.length / 2000))
        drawn = drawGrowing(text.slice(0, end), drawn);
      return drawn;
    },
    fragments: ['a ', '- a\n', '*a_', '> '],
  },
  'signs of a text': { parse: countSigns, fragments: ['*', 'www', ':/'] },
  'the beginning of a text': { parse: headOf, fragments: ['a', '\n'] },
  'pieces of code': { parse: toCodePieces, fragments: ['a', 'a\n', '\n'] },
  'colours of a piece of code': {
    parse: (text) =>
      toCodePieces(text)
        .filter(({ isColoured }) => isColoured)
        .map((piece) => ['java', 'bash'].map((language) => highlight(piece.text, language))),
    fragments: ['a', `${'a'.repeat(1900)}\n`, `${'"$('.repeat(600)}\n`],
    sizes: [1000, 10_000, 100_000],
  },
  'a diff to nothing': { parse: (text) => diffRows(text, ''), fragments: ['a\n', 'a'] },
  'a diff to other lines': {
    parse: (text) => diffRows(text, text.replaceAll('a', 'b')),
    fragments: ['a\n', 'c\na\n'],
  },
  'the text for a terminal': { parse: (text) => new TerminalText().filter(text), fragments: escapes },
  'the log of a terminal': { parse: (text) => stripEscapes(Buffer.from(text)), fragments: escapes },
  'the input box of a terminal': {
    parse: (text) => isBoxEmpty({ column: 2, row: 1, lines: ['─'.repeat(20), `❯ ${text}`, text] }),
    fragments: ['\x1b[', '\x1b[1;', '─', ' '],
  },
  'what is typed': { parse: asTyped, fragments: ['\r', '\x1b[201~', '\ud800'] },
  'a shell command': {
    parse: parseShell,
    fragments: ['a=1 ', '$(', '`a` ', '"$a', "'", '>a ', '\\\n'],
    sizes: ofCommands,
  },
  'a long shell command': { parse: partsOf, fragments: ['a=1 ', '; ', '$('] },
  'risks of a call': {
    parse: (text) => risksOf({ tool: 'Bash', input: { command: text, url: text }, project: '/p' }),
    fragments: ['a=1 ', 'http://', '| sh ', '/../', '.env/', 'aа'],
  },
  'rules that cover a call': {
    parse: (text) => [
      coveringRules([rule(text), rule('a b')], call({ command: text }), ''),
      inputText({ text }),
    ],
    fragments: ['a;', 'a b\n', 'a=1 '],
    sizes: ofCommands,
  },
  'a new rule': {
    parse: (folder) =>
      attempt(() =>
        toRule(
          { tool: 'Bash', project: '/p' } as never,
          call({}),
          { for: 'always', folder: `${folder}a` },
          { id: '', at: '', by: '' },
        ),
      ),
    fragments: ['/', '/.', './'],
  },
  'names that are obeyed': {
    parse: (text) => isObeyedName(`${text}a`),
    fragments: ['. ', '.', '/a', '\u0301\u0323'],
  },
  'the start of a command': { parse: (text) => boundedStart(text.split(' ')), fragments: ['ls '] },
  'paths of a call': {
    parse: (text) => [
      pathsOf('mcp', { text, list: text.split(' ') }, []),
      pathsOf('Bash', {}, [text.split(' ')]),
    ],
    fragments: ['~/ ', '--a='],
  },
  'what cannot be seen': {
    parse: (text) => [toPieces(text), hidesCharacters(text), cutText(text)],
    fragments: marks,
  },
  'fields of a card': {
    parse: (text) => {
      const inner = Object.fromEntries(text.split(' ').map((word, index) => [`${word}${index}`, word]));
      return cutsOf(toRows({ [text]: inner, list: [[[[[[inner]]]]]] })).map((id) => `${id}`.length);
    },
    fragments: ['aaaaaaaa ', '/'],
  },
  'tests in an output': {
    parse: testsIn,
    fragments: ['Tests: ', 'Tests \n', '1 a, ', '1 passed, ', '--- PASS: ', '\x1b['],
  },
  'the line of a tool': {
    parse: (text) => [
      objectOf({ name: 'Bash', input: JSON.stringify({ command: text }) }, '/p'),
      exitCodeOf({ name: 'Bash', output: text, is_error: true }),
    ],
    fragments: [' ', '/p/', 'Exit code 1'],
  },
  'a text to be read aloud': { parse: toSpeech, fragments: ['```\n', '[a](', '![', 'http://'] },
  'words for the index': {
    parse: (text) => [toIndexed(text), distinctWords(text)],
    fragments: ['aB', '天', '\u0301\u0323', 'a '],
  },
  'places of a search': {
    parse: (text) => {
      const searched = toSearched(text);
      return parseQuery('"a b" zz x*').map((term) => findPlaces(searched, term));
    },
    fragments: ['a ', 'aB', '\u0301\u0323'],
  },
  'a query': { parse: parseQuery, fragments: ['"', '"a', 'a*'] },
  'an entry of a transcript': {
    parse: (text) => [
      extractTexts(user(text)),
      addEntry(noFacts, user(text)),
      foldEntries([user(text)], () => undefined),
      new LastActivityReader().offer(user(text)),
    ],
    fragments: tags,
  },
  'the answer to a message': {
    parse: (text) => findReply([user(text), user('b')], text),
    fragments: [' ', '<command-name>'],
  },
  'JSON for a person': { parse: toJson, fragments: ['\\', '\ud800', '"'] },
  'JSON of a request': {
    parse: (text) => attempt(() => parseJson(text)),
    fragments: ['[', '{"a":', '"\\', '[1,'],
  },
  'patterns of what git ignores': {
    parse: (text) => parseIgnoreFile(text),
    fragments: ['[', '**/', '*a\n', ' ', '\\'],
  },
  'files that fit': {
    parse: (text) => matchFiles([text, text.slice(1)], 'a_*x', 10),
    fragments: ['a', 'a_', '/'],
  },
  'lines of a process': {
    parse: (text) => {
      const reader = createLineReader();
      return chunks(text).map((chunk) => reader.push(Buffer.from(chunk)).map(decodeLine));
    },
    fragments: ['a', '\n', '{"type":"user"}\n'],
  },
  'lines of a transcript': {
    parse: (text) => {
      const splitter = createLineSplitter();
      return chunks(text).map((chunk) => splitter.push(chunk));
    },
    fragments: ['a', '\n'],
  },
  'frames of an event stream': {
    parse: (text) => {
      const reader = createSseDecoder();
      return chunks(text).map((chunk) => reader.push(Buffer.from(chunk)));
    },
    fragments: ['a', '\n', 'data:'],
  },
  'an export': {
    parse: (text) => [
      partToMarkdown({ type: 'thinking', text }),
      partToMarkdown({ type: 'tool', id: '', name: '', input: text, output: null, is_error: false }),
    ],
    fragments: ['`', '`a', '\n'],
  },
};

for (const [name, { parse, fragments, sizes }] of Object.entries(parsers)) {
  verifies('safe.time', `takes time in proportion to its input: ${name}`, () => {
    for (const fragment of fragments) parse(fragment.repeat(20));
    const found = fragments.map((fragment) =>
      findGrowth(
        `${name} of ${JSON.stringify(fragment.slice(0, 20))}`,
        (length) => {
          const text = fragment.repeat(Math.ceil(length / fragment.length)).slice(0, length);
          return () => parse(text);
        },
        sizes,
      ),
    );
    expect(found.filter(Boolean)).toEqual([]);
  });
}

/** Entries by how each refers to others; `count` of them. */
const shapes: Record<string, (index: number, count: number) => Entry & { entrypoint?: string }> = {
  'one line': (index) => ({ ...user('x'), uuid: `${index}`, parentUuid: index ? `${index - 1}` : null }),
  'all from one': (index) => ({ ...user('x'), uuid: `${index}`, parentUuid: index ? '0' : null }),
  'all cut': (index) => ({ ...user('x'), uuid: `${index}`, parentUuid: `cut ${index}` }),
  'a comb whose teeth are newer than its back': (index, count) => {
    const half = Math.floor(count / 2);
    return {
      ...user('x'),
      uuid: `${index}`,
      parentUuid: index === 0 ? null : `${index < half ? index - 1 : count - 1 - index}`,
    };
  },
  'one message in many entries': (index) => ({
    type: 'assistant',
    uuid: `${index}`,
    parentUuid: index ? `${index - 1}` : null,
    message: { id: 'm', content: [{ type: 'text', text: 'x'.repeat(100) }] },
  }),
  'notices alone': (index) => ({
    ...user('<task-notification>a'),
    uuid: `${index}`,
    parentUuid: index ? `${index - 1}` : null,
  }),
};

for (const [name, make] of Object.entries(shapes)) {
  verifies('safe.time', `reads a transcript in proportion to its entries: ${name}`, () => {
    const works: Record<string, (entries: Entry[]) => unknown> = {
      repair: (entries) =>
        planRepair(
          entries.map(toNode).filter((node) => node !== null),
          null,
        ),
      fold: (entries) => foldEntries(entries, () => undefined),
      answer: (entries) => findAnswerBeforeShells(entries),
      page: (entries) => {
        const page = createHistoryPage(100);
        for (const [index, entry] of entries.toReversed().entries())
          page.offer({ entry, start: entries.length - index, end: entries.length - index });
        return page.finish();
      },
    };
    const found = Object.entries(works).map(([work, run]) =>
      findGrowth(work, (length) => {
        const count = length / 50;
        const entries = Array.from({ length: count }, (_, index) => make(index, count));
        return () => run(entries);
      }),
    );
    expect(found.filter(Boolean)).toEqual([]);
  });
}

verifies('safe.time', "comes to an end in a transcript whose entries are each the other's parent", () => {
  const entry = (uuid: string, parentUuid: string | null): Entry => ({ ...user(uuid), uuid, parentUuid });
  const round = [entry('a', 'b'), entry('b', 'a'), entry('c', 'c'), entry('d', null)];
  const nodes = round.map(toNode).filter((node) => node !== null);
  for (const leaf of ['a', 'c', null]) expect(planRepair(nodes, leaf).nodes).toHaveLength(4);
  const chain = createBranch();
  chain.offer({ entry: { type: 'last-prompt', leafUuid: 'd' }, start: 0, end: 1 });
  const taken = round
    .toSorted((a, b) => Number(a.uuid === 'd') - Number(b.uuid === 'd'))
    .flatMap((one) => chain.offer({ entry: one, start: 0, end: 1 }));
  expect(taken.map((placed) => placed.entry.uuid)).toContain('d');
});
