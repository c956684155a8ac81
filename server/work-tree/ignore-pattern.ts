/**
 * One pattern of a .gitignore file, as gitignore(5) describes it. The patterns are a stranger's: what one
 * costs grows with its length times the name's, never faster (a regular expression made of it could stand for
 * hours).
 */
export type IgnorePattern = {
  isNegated: boolean;
  /** It fits folders only. */
  isForFolders: boolean;
  /** Fits a path below the pattern's folder; given as bytes, see `toBytes`. */
  fits(path: string, name: string, meter: Meter): boolean;
};

/** Counts the steps of all comparisons, so that the caller can stop when they are too many. */
export type Meter = { steps: number };

/** Matches one character. */
type Token = { kind: 'one'; fits(char: string): boolean } | { kind: 'star' };

/** The parts of a pattern between its slashes; `**` matches any number of folders. */
type Part = { kind: 'folders' } | { kind: 'literal'; text: string } | { kind: 'tokens'; tokens: Token[] };

/** Longer patterns fit nothing: no name of a file needs them. */
const maxPatternLength = 1024;

/** Git compares bytes, of which `?` is one. Each byte is represented by a character. */
export const toBytes = (text: string): string =>
  /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString('latin1');

/** The patterns of a file in their order. Of those that fit a path the last one counts. */
export function parseIgnoreFile(text: string, { ignoreCase = false } = {}): IgnorePattern[] {
  const patterns: IgnorePattern[] = [];
  for (const line of text.replace(/^\ufeff/, '').split('\n')) {
    const pattern = parsePattern(toBytes(line.endsWith('\r') ? line.slice(0, -1) : line), ignoreCase);
    if (pattern) patterns.push(pattern);
  }
  return patterns;
}

function parsePattern(line: string, ignoreCase: boolean): IgnorePattern | null {
  if (line.startsWith('#')) return null;
  let text = withoutTrailingBlanks(line);
  const isNegated = text.startsWith('!');
  if (isNegated) text = text.slice(1);
  const isForFolders = text.endsWith('/');
  if (isForFolders) text = text.slice(0, -1);
  if (!text || text.length > maxPatternLength) return null;
  const isForNames = !text.includes('/');
  if (text.startsWith('/')) text = text.slice(1);
  if (ignoreCase) text = text.toLowerCase();
  const fold = (value: string) => (ignoreCase ? value.toLowerCase() : value);
  const fits = isForNames ? fitsName(text) : fitsPath(text);
  if (!fits) return null;
  return {
    isNegated,
    isForFolders,
    fits: (path, name, meter) => fits(fold(isForNames ? name : path), meter),
  };
}

/** Blanks at the end do not count, unless a backslash stands before them. */
function withoutTrailingBlanks(line: string): string {
  let end = 0;
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === '\\') at += 1;
    else if (line[at] === ' ') continue;
    end = at + 1;
  }
  return line.slice(0, end);
}

type Fits = (value: string, meter: Meter) => boolean;

function fitsName(text: string): Fits | null {
  const part = toPart(text, { isWhole: true });
  return part && ((name, meter) => fitsPart(part, name, meter));
}

function fitsPath(text: string): Fits | null {
  const parts: Part[] = [];
  for (const piece of splitAtSlashes(text)) {
    const part = toPart(piece, { isWhole: false });
    if (!part) return null;
    // Several in a row are as good as one.
    if (part.kind !== 'folders' || parts.at(-1)?.kind !== 'folders') parts.push(part);
  }
  // `a/**` fits all that is in a, and not a itself.
  if (parts.at(-1)?.kind === 'folders') parts.push({ kind: 'tokens', tokens: [{ kind: 'star' }] });
  return (path, meter) =>
    fitsInOrder(parts, path.split('/'), (part) => part.kind === 'folders', fitsPart, meter);
}

/** A slash in brackets separates nothing; one behind a backslash does. */
function splitAtSlashes(text: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const isEscaped = text[at] === '\\' && at + 1 < text.length;
    if (text[at] === '/' || (isEscaped && text[at + 1] === '/')) {
      pieces.push(text.slice(start, at));
      at += isEscaped ? 1 : 0;
      start = at + 1;
    } else if (isEscaped) at += 1;
    else if (text[at] === '[') at = (parseClass(text, at)?.end ?? text.length) - 1;
  }
  return [...pieces, text.slice(start)];
}

function toPart(text: string, { isWhole }: { isWhole: boolean }): Part | null {
  if (text === '**' && !isWhole) return { kind: 'folders' };
  if (!/[*?[\\]/.test(text)) return { kind: 'literal', text };
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const char = text[at] as string;
    if (char === '*') {
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
      at += 1;
    } else if (char === '?') {
      tokens.push({ kind: 'one', fits: () => true });
      at += 1;
    } else if (char === '[') {
      const found = parseClass(text, at);
      if (!found) return null;
      tokens.push({ kind: 'one', fits: found.fits });
      at = found.end;
    } else {
      const literal = char === '\\' ? text[at + 1] : char;
      if (literal === undefined) return null;
      tokens.push({ kind: 'one', fits: (other) => other === literal });
      at += char === '\\' ? 2 : 1;
    }
  }
  return { kind: 'tokens', tokens };
}

const namedClasses: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\0-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** `[…]` from its bracket on: a set of characters, ranges and named classes. Null if it has no end. */
function parseClass(text: string, start: number): { fits(char: string): boolean; end: number } | null {
  let at = start + 1;
  const isNegated = text[at] === '!' || text[at] === '^';
  if (isNegated) at += 1;
  const tests: ((char: string) => boolean)[] = [];
  let before: string | null = null;
  for (let isFirst = true; isFirst || text[at] !== ']'; isFirst = false) {
    let char = text[at];
    if (char === undefined) return null;
    if (char === '[' && text[at + 1] === ':') {
      const end = text.indexOf(']', at + 2);
      if (end < 0) return null;
      if (text[end - 1] === ':' && end - 1 >= at + 2) {
        const named = namedClasses[text.slice(at + 2, end - 1)];
        if (!named) return null;
        tests.push((other) => named.test(other));
        before = null;
        at = end + 1;
        continue;
      }
    }
    if (char === '-' && before !== null && text[at + 1] !== undefined && text[at + 1] !== ']') {
      at += 1;
      if (text[at] === '\\') at += 1;
      const [low, high] = [before, text[at]];
      if (high === undefined) return null;
      tests.push((other) => other >= low && other <= high);
      before = null;
      at += 1;
      continue;
    }
    if (char === '\\') {
      at += 1;
      char = text[at];
      if (char === undefined) return null;
    }
    const literal = char;
    tests.push((other) => other === literal);
    before = literal;
    at += 1;
  }
  return { fits: (char) => tests.some((test) => test(char)) !== isNegated, end: at + 1 };
}

function fitsPart(part: Part, name: string, meter: Meter): boolean {
  if (part.kind === 'literal') return part.text === name;
  return (
    part.kind === 'folders' ||
    fitsInOrder(part.tokens, name, (token) => token.kind === 'star', fitsToken, meter)
  );
}

const fitsToken = (token: Token, char: string) => token.kind === 'star' || token.fits(char);

/**
 * Whether steps fit items one by one, where some steps fit any number of them. Only the last of those has to
 * be tried with more: what the earlier ones took can stay.
 */
function fitsInOrder<Step, Item>(
  steps: readonly Step[],
  items: ArrayLike<Item>,
  isAny: (step: Step) => boolean,
  fits: (step: Step, item: Item, meter: Meter) => boolean,
  meter: Meter,
): boolean {
  let [step, item] = [0, 0];
  let retry: { step: number; item: number } | null = null;
  while (item < items.length) {
    meter.steps += 1;
    const current = steps[step];
    if (current !== undefined && isAny(current)) {
      retry = { step: step + 1, item };
      step += 1;
    } else if (current !== undefined && fits(current, items[item] as Item, meter)) {
      step += 1;
      item += 1;
    } else if (retry) {
      retry.item += 1;
      step = retry.step;
      item = retry.item;
    } else {
      return false;
    }
  }
  while (step < steps.length && isAny(steps[step] as Step)) step += 1;
  return step === steps.length;
}
