import { isKnown, type Part } from './shell.ts';

/** What a call names that may be a path. */
export type Paths = {
  /** As tools take them: `..` is taken off before links are followed. */
  named: string[];
  /** As a shell takes them. */
  words: string[];
  /** What a pattern of a shell begins with: it may stand for any file that begins so. */
  patterns: string[];
  /** Those of all that may be written. */
  written: string[];
  /** There is more than was looked at. */
  isCut: boolean;
};

/** More than this is not looked up for one call, and no path is longer. */
const limits = { paths: 60, length: 4096, depth: 8, values: 2000 };

const readers = new Set('Read Glob Grep LS NotebookRead WebFetch WebSearch BashOutput'.split(' '));
const writers = new Set(
  'cp mv tee install ln dd sed perl touch mkdir chmod rsync tar unzip patch truncate sort'.split(' '),
);

/** The output of tools is not a path, whatever it looks like. */
const contents = new Set('content old_string new_string new_source'.split(' '));
const fileTools = new Set('Edit MultiEdit NotebookEdit Write'.split(' '));

/** A field whose name says so, or a value that looks like one. */
const isPathName = /path|file|dir|folder|cwd|root|target|dest|source|src|location|uri/i;
const looksLikePath = /^(~|\.{0,2}\/|file:)|^[^\n]*\//;

type Budget = { left: number; isCut: boolean };

/** All texts of an input with the names of their fields. A name may be a path as well. */
function* textsIn(value: unknown, name: string, depth: number, budget: Budget): Generator<[string, string]> {
  budget.left -= 1;
  if (typeof value === 'string') yield [name, value];
  if (!value || typeof value !== 'object') return;
  if (budget.left < 0 || depth >= limits.depth) {
    budget.isCut = true;
    return;
  }
  for (const [key, one] of Object.entries(value)) {
    if (!Array.isArray(value) && looksLikePath.test(key)) yield ['', key];
    yield* textsIn(one, Array.isArray(value) ? name : key, depth + 1, budget);
  }
}

/** A URL of a file as its path. */
function plainPath(path: string): string {
  if (!/^file:/i.test(path)) return path;
  const rest = path.replace(/^file:(\/\/[^/]*)?/i, '');
  try {
    return decodeURIComponent(rest);
  } catch {
    return rest;
  }
}

/** A path without `.`, and without what a `..` behind it takes off. */
function normalize(path: string): string {
  const isWhole = path.startsWith('/');
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '..' && steps.length && steps.at(-1) !== '..') steps.pop();
    else if (step && step !== '.' && !(step === '..' && isWhole)) steps.push(step);
  }
  return (isWhole ? '/' : '') + steps.join('/');
}

/** As the tools of the CLI read a path before they use it (2.1.329). */
const asTool = (path: string) => normalize(path.trim().normalize('NFC'));

/** The paths that a text of an input may be; null for one that is longer than any path. */
function readPaths(name: string, text: string): string[] | null {
  const isNamed = isPathName.test(name);
  const isOther = !(isNamed || looksLikePath.test(text)) || (!isNamed && text.includes('\n'));
  if (isOther || text === '' || text.includes('\0') || /^https?:/i.test(text)) return [];
  const path = plainPath(text);
  const read = [path, asTool(path)].filter((one) => one !== '' && one.length <= limits.length);
  return read.length || !isNamed ? read : null;
}

/** What may be a path in a call, in the input of any tool and among the words of a command. */
export function pathsOf(tool: string, input: Record<string, unknown>, parts: readonly Part[]): Paths {
  const budget: Budget = { left: limits.values, isCut: false };
  const named = new Set<string>();
  for (const [name, text] of tool === 'Bash' ? [] : textsIn(input, '', 0, budget)) {
    if (fileTools.has(tool) && contents.has(name)) continue;
    const read = readPaths(name, text);
    if (read === null || named.size + read.length > limits.paths) budget.isCut = true;
    else for (const path of read) named.add(path);
  }
  const found = pathsOfParts(parts);
  const written = readers.has(tool) ? found.written : [...named, ...found.written];
  return { ...found, named: [...named], written, isCut: budget.isCut || found.isCut };
}

function pathsOfParts(parts: readonly Part[]): Omit<Paths, 'named'> {
  const [words, patterns, written] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let isCut = false;
  // The folder that a `cd` before it leads to.
  let folder = '';
  for (const part of parts) {
    const mayWrite = part[0]?.includes('>') || part.some((word) => writers.has(word));
    for (const path of part.flatMap(readWord)) {
      if (words.size + patterns.size >= limits.paths) isCut = true;
      if (isCut) break;
      for (const at of folder && !/^[~/]/.test(path.text)
        ? [path.text, `${folder}/${path.text}`]
        : [path.text]) {
        (path.isPattern ? patterns : words).add(at);
        if (mayWrite) written.add(at);
      }
    }
    const [program, target] = part;
    if ((program === 'cd' || program === 'pushd') && target && isKnown(target))
      folder = target.startsWith('/') || !folder ? target : `${folder}/${target}`;
  }
  return { words: [...words], patterns: [...patterns], written: [...written], isCut };
}

/** The paths that a word of a command may hold: all of it, without the name of an option, up to the first pattern or variable. */
function readWord(word: string): { text: string; isPattern: boolean }[] {
  const value = word.replace(/^--?[\w-]+=/, '');
  // `-tfolder`, `of=file`
  const inner = /^-[A-Za-z](.+)/s.exec(value)?.[1] ?? /^\w+=(.+)/s.exec(value)?.[1];
  return [value, ...(inner === undefined ? [] : [inner])].flatMap((text) => {
    const end = text.startsWith('\0~') ? text.indexOf('\0', 1) : text.indexOf('\0');
    const isPattern = end >= 0 && '*?['.includes(text[end + 1] ?? ' ');
    const known = (end < 0 ? text : text.slice(0, end)).replace(/^\0/, '');
    const isPath = known.length <= limits.length && !known.startsWith('-') && !/^https?:/i.test(known);
    return isPath && (isPattern || known !== '') ? [{ text: known, isPattern }] : [];
  });
}
