/** A word of a text in its compared form, and its place in the text. */
export type Word = { text: string; start: number; end: number };

export const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

/**
 * Longer runs of combining marks are cut, as UAX #15 (Stream-Safe Text) allows: sorting marks takes time
 * with the square of the length of a run (200,000 of them took 22 seconds).
 */
const excessMarks = /(\p{M}{30})\p{M}+/gu;

/** A text with each letter in its composed form, whichever way it was typed. */
export const compose = (text: string): string =>
  isAscii(text) ? text : text.replaceAll(excessMarks, '$1').normalize('NFC');

const asciiRun = /[A-Za-z0-9]+/g;
const run = /[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{M}\p{Co}]*/gu;

/**
 * Scripts that are written without spaces between words, or (Hangul) with endings attached: each sign is a
 * word.
 */
const wide =
  '[\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Hang}\\p{scx=Thai}\\p{scx=Laoo}\\p{scx=Khmr}\\p{scx=Mymr}]';
const hasWide = new RegExp(wide, 'u');
/**
 * A sign of such a script with its marks (two of which have a half-width form), or what stands between two
 * signs.
 */
const pieceOfRun = new RegExp(
  `(?=${wide})[\\p{L}\\p{N}][\\p{M}\\uff9e\\uff9f]*|(?:(?!${wide})[\\p{L}\\p{N}\\p{M}\\p{Co}])+`,
  'gu',
);

/** Accents and vowel points, without which a word is still the same word to a person who types it. */
const accents = new RegExp(
  [
    '[\\u0300-\\u036f\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe00-\\ufe0f\\ufe20-\\ufe2f]',
    '[\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7]', // Hebrew
    '[\\u064b-\\u065f\\u0670]', // Arabic
  ].join('|'),
  'g',
);

/** A piece of a text as it is compared: in lower case, without accents, `ﬁ` as `fi`. */
function fold(piece: string): string {
  const bare = piece.normalize('NFKD').replaceAll(accents, '').normalize('NFC');
  return bare.toLowerCase().replaceAll('ς', 'σ');
}

/** Splits a composed text into words, in the same way for the index, a query, and an excerpt. */
export function wordsIn(text: string): Word[] {
  const words: Word[] = [];
  for (const { 0: found, index } of text.matchAll(isAscii(text) ? asciiRun : run))
    addWords(words, found, index);
  return words;
}

function addWords(words: Word[], found: string, start: number): void {
  if (isAscii(found)) words.push({ text: found.toLowerCase(), start, end: start + found.length });
  else if (hasWide.test(found))
    for (const piece of found.matchAll(pieceOfRun)) addFolded(words, piece[0], start + piece.index);
  else addFolded(words, found, start);
}

/** One sign can stand for several words, as some ligatures of Arabic do. */
function addFolded(words: Word[], piece: string, start: number): void {
  for (const [text] of fold(piece).matchAll(run)) words.push({ text, start, end: start + piece.length });
}

/** A text as it is written to the index: its words in their order, and the distinct parts of its names. */
export function toIndexWords(composed: string): { own: string[]; parts: string[] } {
  const isPlain = isAscii(composed);
  const runs: string[] = composed.match(isPlain ? asciiRun : run) ?? [];
  const names = splitHumps(composed).any.test(composed) ? new Set(runs) : [];
  const parts: string[] = [];
  for (const name of names) for (const { text } of splitParts(name, 0, isPlain)) parts.push(text);
  return { own: isPlain ? runs.map((found) => found.toLowerCase()) : runs.flatMap(toFoldedWords), parts };
}

function toFoldedWords(found: string): string | string[] {
  if (isAscii(found)) return found.toLowerCase();
  const words: Word[] = [];
  addWords(words, found, 0);
  return words.map(({ text }) => text);
}

const hump = {
  ascii: { any: /[a-z0-9][A-Z]|[A-Z]{2}[a-z]/, cut: /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/ },
  unicode: {
    any: /[\p{Ll}\p{N}]\p{Lu}|\p{Lu}\p{Lu}\p{Ll}/u,
    cut: /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u,
  },
};
const splitHumps = (text: string) => (isAscii(text) ? hump.ascii : hump.unicode);

/** No name is so long; what is, is data. */
const maxName = 100;

/** The parts of a `camelCase` name; none for any other word. */
function splitParts(name: string, start: number, isPlain: boolean): Word[] {
  const { any, cut } = isPlain ? hump.ascii : hump.unicode;
  if (name.length > maxName || !any.test(name)) return [];
  const parts: Word[] = [];
  let at = start;
  for (const part of name.split(cut)) {
    addWords(parts, part, at);
    at += part.length;
  }
  return parts;
}

/** The parts of the `camelCase` names of a composed text, name by name. */
export function namePartsIn(text: string): Word[][] {
  const isPlain = isAscii(text);
  if (!splitHumps(text).any.test(text)) return [];
  const names: Word[][] = [];
  for (const { 0: name, index } of text.matchAll(isPlain ? asciiRun : run)) {
    const parts = splitParts(name, index, isPlain);
    if (parts.length) names.push(parts);
  }
  return names;
}
