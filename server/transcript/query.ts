import { compose, namePartsIn, type Word, wordsIn } from './words.ts';

/** A word or a phrase of a query: words that stand one after the other. The last one may be only begun. */
export type Term = { words: readonly string[]; isPrefix: boolean };

/**
 * The terms of a query: words, `"phrases"` and `prefixes*`. A word such as `src/app.ts` is a phrase of its
 * parts.
 */
export function parseQuery(query: string): Term[] {
  const terms: Term[] = [];
  for (const [, phrase, word] of query.matchAll(/"([^"]+)"?|(\S+)/g)) {
    const text = phrase ?? word ?? '';
    const words = wordsIn(compose(text)).map((found) => found.text);
    if (words.length) terms.push({ words, isPrefix: text.endsWith('*') });
  }
  return terms;
}

const quoted = (words: readonly string[], isPrefix: boolean) => `"${words.join(' ')}"${isPrefix ? '*' : ''}`;

/** The terms for FTS5: all in quotes, so that nothing in them is an operator. */
export const toMatch = (terms: readonly Term[]): string =>
  terms.map(({ words, isPrefix }) => quoted(words, isPrefix)).join(' AND ');

/** The same for an index that knows no phrases: each word of a phrase is asked for, anywhere in a text. */
export function toWordMatch(terms: readonly Term[]): string {
  const each = terms.flatMap(({ words, isPrefix }) =>
    words.map((word, place) => quoted([word], isPrefix && place === words.length - 1)),
  );
  return [...new Set(each)].join(' AND ');
}

/** The places of a term in a text: start and end. */
type Place = [from: number, to: number];

/** So many places of a term are looked for: only those that an excerpt shows matter. */
const maxPlaces = 20;

function addPlaces(places: Place[], words: readonly Word[], { words: wanted, isPrefix }: Term): void {
  const last = wanted.length - 1;
  const isAt = (start: number) =>
    wanted.every((word, place) => {
      const found = words[start + place]?.text;
      return isPrefix && place === last ? found?.startsWith(word) : found === word;
    });
  for (let start = 0; start + last < words.length && places.length < maxPlaces; start += 1) {
    if (isAt(start)) places.push([words[start]?.start ?? 0, words[start + last]?.end ?? 0]);
  }
}

/** A text that terms are looked for in, in one line. It is taken apart once for all of them. */
export type SearchedText = { composed: string; words: readonly Word[]; names: readonly Word[][] };

export function toSearched(text: string): SearchedText {
  const composed = compose(text).replaceAll(/\s+/g, ' ');
  return { composed, words: wordsIn(composed), names: namePartsIn(composed) };
}

/** The first places of a term, in the order of the text. */
export function findPlaces({ words, names }: SearchedText, term: Term): Place[] {
  const places: Place[] = [];
  addPlaces(places, words, term);
  const inNames: Place[] = [];
  for (const parts of names) addPlaces(inNames, parts, term);
  return [...places, ...inNames].toSorted((a, b) => a[0] - b[0]).slice(0, maxPlaces);
}

/** A piece of a text around the first of some places, and where they are in the piece. */
export function buildExcerpt(
  text: string,
  places: readonly Place[],
  chars = 240,
): { excerpt: string; marks: Place[] } | null {
  const sorted = places.toSorted((a, b) => a[0] - b[0]);
  const first = sorted[0];
  if (!first) return null;
  const start = startOfLetter(text, Math.max(0, first[0] - Math.floor(chars / 3)));
  const end = startOfLetter(text, Math.min(text.length, start + chars));
  const lead = start > 0 ? '… ' : '';
  const at = (place: number) => lead.length + place - start;
  const marks = sorted.filter(([, to]) => to <= end).map(([from, to]): Place => [at(from), at(to)]);
  return {
    excerpt: `${lead}${text.slice(start, end).replaceAll(/\p{Cs}/gu, '\ufffd')}${end < text.length ? ' …' : ''}`,
    marks,
  };
}

/** A cut between the halves of a surrogate pair would leave half a letter. */
const startOfLetter = (text: string, place: number) =>
  /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(place - 1, place + 1)) ? place - 1 : place;
