import { isKnown, type Part } from './shell.ts';

/** What a call names that may be a path. */
export type Paths = {
  /** As tools take them: `..` is taken off before links are followed. */
  named: string[];
  /** As a shell takes them. */
  words: string[];
  /** Those of both that may be written. */
  written: string[];
};

/** More than this is not looked up for one call, and no path is longer. */
const limits = { paths: 60, length: 4096, depth: 8, values: 2000 };

const readers = new Set('Read Glob Grep LS NotebookRead WebFetch WebSearch BashOutput'.split(' '));
const writers = new Set('cp mv tee install ln dd sed perl touch mkdir chmod rsync tar unzip patch truncate'.split(' '));

/** What tools write is no path, whatever it looks like. */
const contents = new Set('content old_string new_string new_source'.split(' '));
const fileTools = new Set('Edit MultiEdit NotebookEdit Write'.split(' '));

/** A field whose name says so, or a value that looks like one. */
const isPathName = /path|file|dir|folder|cwd|root|target|dest|source|src|location|uri/i;
const looksLikePath = /^(~|\.{0,2}\/|file:)/;

function* textsIn(value: unknown, name: string, depth: number, budget: { left: number }): Generator<[string, string]> {
  budget.left -= 1;
  if (budget.left < 0) return;
  if (typeof value === 'string') yield [name, value];
  else if (Array.isArray(value) && depth < limits.depth) for (const one of value) yield* textsIn(one, name, depth + 1, budget);
  else if (value && typeof value === 'object' && depth < limits.depth) {
    for (const [key, one] of Object.entries(value)) yield* textsIn(one, key, depth + 1, budget);
  }
}

const usable = (path: string) => path !== '' && path.length <= limits.length && !/[\0\n]/.test(path);

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

/** What may be a path in a call, in the input of any tool and among the words of a command. */
export function pathsOf(tool: string, input: Record<string, unknown>, parts: readonly Part[]): Paths {
  const texts = tool === 'Bash' ? [] : [...textsIn(input, '', 0, { left: limits.values })];
  const named = texts
    .filter(([name]) => !(fileTools.has(tool) && contents.has(name)))
    .filter(([name, text]) => usable(text) && (isPathName.test(name) || looksLikePath.test(text)) && !/^https?:/i.test(text))
    .map(([, text]) => plainPath(text))
    .slice(0, limits.paths);
  const words: string[] = [];
  const written = readers.has(tool) ? [] : [...named];
  for (const part of parts) {
    const mayWrite = part[0]?.includes('>') || part.some((word) => writers.has(word));
    for (const word of part) {
      const path = wordPath(word);
      if (path === null || words.length >= limits.paths) continue;
      words.push(path);
      if (mayWrite) written.push(path);
    }
  }
  return { named, words, written };
}

/** The path in a word of a command: without the name of an option, up to the first pattern or variable. */
function wordPath(word: string): string | null {
  const value = word.replace(/^--?[\w-]+=/, '');
  const known = isKnown(value) ? value : value.startsWith('\0~') ? value.slice(1) : value.slice(0, value.indexOf('\0'));
  return usable(known) && !known.startsWith('-') && !/^https?:/i.test(known) ? known : null;
}
