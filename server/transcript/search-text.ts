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

const hump = /(\p{Ll}|\p{N})(\p{Lu})|(\p{Lu})(\p{Lu}\p{Ll})/gu;
/** One pattern for all of a name would try each of its places: of 200,000 digits in a row that takes hours. */
const word = /[\p{L}\p{N}]+/gu;
const hasHump = /[\p{Ll}\p{N}]\p{Lu}|\p{Lu}\p{Lu}\p{Ll}/u;

/** No name is so long; what is, is data. */
const maxName = 100;
const wide = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/gu;

/** Writing without spaces would be one word from end to end: each of its signs is made one. */
const spaceWide = (text: string) => text.replaceAll(wide, ' $& ');

/**
 * A text as it is put into the index: the parts of `camelCase` names stand once more at its end, behind all
 * that a phrase could be found in. (Names with `_`, `-`, `.` or `/` are taken apart by the tokenizer.)
 */
export function toIndexed(text: string): string {
  const parts = new Set<string>();
  for (const [name] of text.matchAll(word)) {
    if (name.length <= maxName && hasHump.test(name)) parts.add(name.replaceAll(hump, '$1$3 $2$4'));
  }
  const spaced = spaceWide(text);
  return parts.size ? `${spaced}\n${[...parts].join(' ')}` : spaced;
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
const tokensOf = (text: string): string[] =>
  spaceWide(text)
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}\p{Co}]+/gu) ?? [];

/** Each different word of a text, for an index that knows only whether a word is there. */
export const distinctWords = (text: string): string => [...new Set(tokensOf(text))].join(' ');

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Matches a term in a text as a person wrote it: whatever stands between its words, accents or not. */
function patternOf({ text }: Term): RegExp {
  const letters = (token: string) => [...token].map((letter) => `${escaped(letter)}\\p{M}*`).join('');
  return new RegExp(tokensOf(text).map(letters).join('[^\\p{L}\\p{N}]*'), 'giu');
}

/** A piece of a text around the first of the terms in it, with where the terms stand in the piece. */
export function excerptOf(text: string, terms: readonly Term[], chars = 240): { excerpt: string; marks: [number, number][] } | null {
  const plain = text.normalize('NFD').replaceAll(/\s+/g, ' ');
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
