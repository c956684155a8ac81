import { blocksOf, type Entry, noticeOf, resultIds } from './entry.ts';
import { saidBy } from './facts.ts';
import { toolOutput } from './part.ts';

/** What is found of an entry, by who said it. `tool` is what a tool was called with. */
export type SearchTexts = { user: string; assistant: string; tool: string; output: string };

/** The most that is found of one text: what comes later in it is seldom read by anybody. */
const maxChars = { said: 200_000, tool: 8_000, outputHead: 4_000, outputTail: 1_000 };

const headAndTail = (text: string) =>
  text.length <= maxChars.outputHead + maxChars.outputTail ? text : `${text.slice(0, maxChars.outputHead)}\n${text.slice(-maxChars.outputTail)}`;

/** The strings in a tool's input: its keys are the same in each call. */
function stringsIn(value: unknown, into: string[] = [], depth = 0): string[] {
  if (typeof value === 'string') into.push(value);
  else if (value && typeof value === 'object' && depth < 6) for (const one of Object.values(value)) stringsIn(one, into, depth + 1);
  return into;
}

/** The texts of an entry; null where there is nothing to be found in it. */
export function textsOf(entry: Entry): SearchTexts | null {
  const texts: SearchTexts = { user: '', assistant: '', tool: '', output: '' };
  if (entry.type === 'user') {
    if (resultIds(entry).length) {
      const results = blocksOf(entry).filter((block) => block.type === 'tool_result');
      texts.output = results.map((block) => headAndTail(toolOutput(block.content))).join('\n');
    } else if (noticeOf(entry) === null) texts.user = (saidBy(entry) ?? '').slice(0, maxChars.said);
  } else if (entry.type === 'assistant' && entry.message?.model !== '<synthetic>') {
    const blocks = blocksOf(entry);
    texts.assistant = blocks
      .filter((block) => block.type === 'text')
      .map((block) => String(block.text ?? ''))
      .join('\n')
      .slice(0, maxChars.said);
    texts.tool = blocks
      .filter((block) => block.type === 'tool_use')
      .flatMap((block) => stringsIn(block.input))
      .join('\n')
      .slice(0, maxChars.tool);
  }
  return texts.user || texts.assistant || texts.tool || texts.output ? texts : null;
}

/** One pattern for all of a name would try each of its places: of 200,000 digits in a row that takes hours. */
const any = {
  word: /[\p{L}\p{N}]+/gu,
  hasHump: /[\p{Ll}\p{N}]\p{Lu}|\p{Lu}\p{Lu}\p{Ll}/u,
  hump: /(\p{Ll}|\p{N})(\p{Lu})|(\p{Lu})(\p{Lu}\p{Ll})/gu,
};

/** The same for texts of plain ASCII, as most are: classes of Unicode take three times as long. */
const ascii = {
  word: /[A-Za-z0-9]+/g,
  hasHump: /[a-z0-9][A-Z]|[A-Z]{2}[a-z]/,
  hump: /([a-z]|[0-9])([A-Z])|([A-Z])([A-Z][a-z])/g,
};
const isAscii = (text: string) => /^[\x00-\x7f]*$/.test(text);

/** No name is so long; what is, is data. */
const maxName = 100;
const wide = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/gu;

/** Writing without spaces would be one word from end to end: each of its signs is made one. */
const spaceWide = (text: string) => text.replaceAll(wide, ' $& ');

/** The parts of the `camelCase` names among words. */
function partsOf(words: Iterable<string>, { hasHump, hump }: typeof any): Set<string> {
  const parts = new Set<string>();
  for (const name of words) if (name.length <= maxName && hasHump.test(name)) parts.add(name.replaceAll(hump, '$1$3 $2$4'));
  return parts;
}

/**
 * A text as it is put into the index: the parts of `camelCase` names stand once more at its end, behind all
 * that a phrase could be found in. (Names with `_`, `-`, `.` or `/` are taken apart by the tokenizer.)
 */
export function toIndexed(text: string): string {
  const isPlain = isAscii(text);
  const of = isPlain ? ascii : any;
  const parts = of.hasHump.test(text) ? partsOf(new Set(text.match(of.word)), of) : null;
  const spaced = isPlain ? text : spaceWide(text);
  return parts?.size ? `${spaced}\n${[...parts].join(' ')}` : spaced;
}

/** A word or phrase of a query. */
export type Term = { text: string; isPrefix: boolean };

/** The terms of a query: words, `"phrases"` and `prefixes*`. The last word may be unfinished where `isTyping`. */
export function parseQuery(query: string): Term[] {
  const terms: Term[] = [];
  for (const [, phrase, word] of query.matchAll(/"([^"]+)"?|(\S+)/g)) {
    const raw = phrase ?? word ?? '';
    const text = raw.replace(/\*+$/, '').trim();
    if (/[\p{L}\p{N}]/u.test(text)) terms.push({ text, isPrefix: /\*$/.test(raw) });
  }
  return terms;
}

/** The terms as an FTS5 query: each in quotes, so that nothing in them is an operator. Null where there is none. */
export function toMatch(terms: readonly Term[]): string | null {
  if (!terms.length) return null;
  return terms.map(({ text, isPrefix }) => `"${spaceWide(text).replaceAll('"', ' ').trim()}"${isPrefix ? '*' : ''}`).join(' AND ');
}

/** The words of a text as the tokenizer of the index takes them. */
const tokensOf = (text: string): string[] => (isAscii(text) ? text.toLowerCase().match(/[a-z0-9]+/g) : anyTokens(text)) ?? [];

const anyTokens = (text: string) =>
  spaceWide(text)
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}\p{Co}]+/gu);

/** Each different word of a text, for an index that knows only whether a word is there. */
export function distinctWords(text: string): string {
  if (!isAscii(text)) return [...new Set(tokensOf(toIndexed(text)))].join(' ');
  const found = new Set(text.match(ascii.word));
  return [...found, ...partsOf(found, ascii)].join(' ');
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Matches a term in a text as a person wrote it: whatever stands between its words, accents or not. */
function makePattern({ text }: Term): RegExp {
  const letters = (token: string) => [...token].map((letter) => `${escaped(letter)}\\p{M}*`).join('');
  return new RegExp(tokensOf(text).map(letters).join('[^\\p{L}\\p{N}]*'), 'giu');
}

const patterns = new WeakMap<Term, RegExp>();

/** Made once for each term: a search looks for it in a hundred texts. */
function patternOf(term: Term): RegExp {
  const known = patterns.get(term) ?? makePattern(term);
  patterns.set(term, known);
  return known;
}

const decomposed = (text: string) => (isAscii(text) ? text : text.normalize('NFD'));

/** How many of the terms are in a text. */
export function countTerms(text: string, terms: readonly Term[]): number {
  const plain = decomposed(text);
  return terms.filter((term) => plain.search(patternOf(term)) >= 0).length;
}

/** A piece of a text around the first of the terms in it, with where the terms stand in the piece. */
export function excerptOf(text: string, terms: readonly Term[], chars = 240): { excerpt: string; marks: [number, number][] } | null {
  const plain = decomposed(text).replaceAll(/\s+/g, ' ');
  const found = terms
    .flatMap((term) => [...plain.matchAll(patternOf(term))].slice(0, 20))
    .map((match): [number, number] => [match.index, match.index + match[0].length])
    .toSorted((a, b) => a[0] - b[0]);
  const first = found[0];
  if (!first) return null;
  const start = Math.max(0, first[0] - Math.floor(chars / 3));
  const end = Math.min(plain.length, start + chars);
  const lead = start > 0 ? '… ' : '';
  const composed = (from: number, to: number) => plain.slice(from, to).normalize('NFC');
  const placeOf = (at: number) => lead.length + composed(start, at).length;
  const marks = found.filter(([, to]) => to <= end).map(([from, to]): [number, number] => [placeOf(from), placeOf(to)]);
  return { excerpt: `${lead}${composed(start, end)}${end < plain.length ? ' …' : ''}`, marks };
}
