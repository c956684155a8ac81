/** Stands in a word for what is only known when the command runs: a variable, another command's output, a pattern. */
const unknown = '\0';

/** A simple command as its words, quotes taken off. A redirection is separate, so that no word is mistaken for it. */
export type Part = readonly string[];

/** Words that begin something else than a simple command. */
const reserved = new Set(
  '! { } [[ ]] case coproc do done elif else esac fi for function if in select then time until while'.split(
    ' ',
  ),
);

/** A marked assignment in front of a command. */
const assignment = new RegExp(`^${unknown}\\w+=`);

class Unsure extends Error {}

/** No person reads a command that is longer, or nested deeper. */
const limits = { length: 20_000, depth: 10 };

/**
 * The simple commands that a shell would run for a text, those inside of `$(…)` and backticks among them;
 * null if that is not certain. It errs on that side and never guesses.
 */
export function parseShell(text: string): Part[] | null {
  try {
    if (text.length > limits.length) return null;
    return parse(text, 0);
  } catch (error) {
    if (error instanceof Unsure) return null;
    throw error;
  }
}

/** Whether a word is wholly known before the command runs. */
export const isKnown = (word: string): boolean => !word.includes(unknown);

function parse(text: string, depth: number): Part[] {
  if (depth > limits.depth) throw new Unsure();
  // Other control characters and spaces are read differently by shells and by people.
  if (/[^\t\n\u0020-\u007e\u00a1-\uffff]|[\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]/u.test(text))
    throw new Unsure();
  const parts: Part[] = [];
  let words: string[] = [];
  let word: string | null = null;
  /** Whether the whole word is without quotes so far, and the length of its beginning that is. */
  let isBare = true;
  let bareLength = 0;
  let redirect: string | null = null;
  /** Whether the command has had only assignments so far. */
  let leads = true;
  let at = 0;
  const add = (piece: string, isPlain = false) => {
    isBare = isPlain && (word === null || isBare);
    word = (word ?? '') + piece;
    if (isBare) bareLength = word.length;
  };
  const endWord = () => {
    if (word === null) return;
    if (redirect === null) {
      // Quotes around the name or `=` make a plain word of it; around the value (x='b') they do not.
      const name = /^\w+=/.exec(word)?.[0];
      const isAssignment = leads && name !== undefined && name.length <= bareLength;
      words.push(isAssignment ? unknown + word : word);
      leads &&= isAssignment || assignment.test(word);
    } else if (word !== '/dev/null' && !(redirect.startsWith('&') && /^[12]$/.test(word)))
      parts.push([unknown + redirect, word]);
    redirect = null;
    word = null;
    bareLength = 0;
  };
  const endCommand = () => {
    endWord();
    if (redirect !== null) throw new Unsure();
    if (words.length && reserved.has(words[0] as string)) throw new Unsure();
    if (words.length) parts.push(words);
    words = [];
    leads = true;
  };
  /** The content of a `$(…)` or a pair of backticks, which runs as separate commands. */
  const substitute = (inner: string) => {
    for (const part of parse(inner, depth + 1)) parts.push(part);
    add(unknown);
  };

  while (at < text.length) {
    const char = text[at] as string;
    const two = text.slice(at, at + 2);
    if (char === ' ' || char === '\t') endWord();
    else if (char === '\\') {
      if (at + 1 >= text.length) throw new Unsure();
      if (text[at + 1] !== '\n') add(text[at + 1] as string);
      at += 1;
    } else if (char === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) throw new Unsure();
      add(text.slice(at + 1, end));
      at = end;
    } else if (char === '"') at = readDouble(text, at + 1, add, substitute);
    // A text to be translated: bash takes the `$` off.
    else if (two === '$"') throw new Unsure();
    else if (char === '$' || char === '`') at = readExpansion(text, at, add, substitute);
    else if (two === '<<' || two === '<(' || two === '>(' || '(){}'.includes(char)) throw new Unsure();
    else if (char === '#' && word === null) throw new Unsure();
    else if (two === '&>' || two === '>&' || char === '>' || char === '<') {
      // A number right before it names what is redirected; it is not a word of the command.
      if (word !== null && isBare && /^\d$/.test(word)) {
        word = null;
        bareLength = 0;
      }
      endWord();
      redirect = char === '<' ? '<' : two === '>&' ? '&>' : '>';
      if (two === '&>' || two === '>>' || two === '>|' || two === '>&') at += 1;
    } else if ('&|;\n'.includes(char)) endCommand();
    // The shell makes other words of these, by the files that there are.
    else add('*?[]'.includes(char) || (char === '~' && word === null) ? unknown + char : char, true);
    at += 1;
  }
  endCommand();
  return parts;
}

/** Reads on inside of double quotes; gives where they end. */
function readDouble(
  text: string,
  from: number,
  add: (piece: string) => void,
  substitute: (inner: string) => void,
): number {
  add('');
  for (let at = from; at < text.length; at += 1) {
    const char = text[at] as string;
    if (char === '"') return at;
    if (char === '\\' && '"\\$`\n'.includes(text[at + 1] ?? ' ')) {
      at += 1;
      if (text[at] !== '\n') add(text[at] as string);
    } else if (char === '$' || char === '`') at = readExpansion(text, at, add, substitute);
    else add(char);
  }
  throw new Unsure();
}

/** Reads what begins with `$` or a backtick; gives where it ends. */
function readExpansion(
  text: string,
  at: number,
  add: (piece: string) => void,
  substitute: (inner: string) => void,
): number {
  if (text[at] === '`') {
    const end = text.indexOf('`', at + 1);
    if (end < 0 || text.slice(at, end).includes('\\')) throw new Unsure();
    substitute(text.slice(at + 1, end));
    return end;
  }
  const name = /^\$([A-Za-z_]\w*|[0-9?#@*$!-])/.exec(text.slice(at, at + 256));
  if (name) {
    add(unknown);
    return at + name[0].length - 1;
  }
  const braced = /^\$\{[A-Za-z_]\w*\}/.exec(text.slice(at, at + 256));
  if (braced) {
    add(unknown);
    return at + braced[0].length - 1;
  }
  if (text[at + 1] !== '(' || text[at + 2] === '(') {
    if (/[\s"]|^$/.test(text[at + 1] ?? '')) {
      add('$');
      return at;
    }
    throw new Unsure();
  }
  const end = closing(text, at + 2);
  substitute(text.slice(at + 2, end));
  return end;
}

/** Where the bracket closes that was opened before `from`. */
function closing(text: string, from: number): number {
  let depth = 1;
  let quote = '';
  for (let at = from; at < text.length; at += 1) {
    const char = text[at] as string;
    if (quote) {
      if (char === '\\' && quote === '"') at += 1;
      else if (char === quote) quote = '';
    } else if (char === '\\') at += 1;
    else if (char === "'" || char === '"') quote = char;
    else if (char === '(') depth += 1;
    else if (char === ')') {
      depth -= 1;
      if (!depth) return at;
    }
  }
  throw new Unsure();
}
