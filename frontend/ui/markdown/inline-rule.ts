/** A piece of a text that a rule takes: where it ends, and what it says. */
type Taken<T> = T & { end: number };

/** What `[label]: address` says, by label. */
export type Definitions = ReadonlyMap<string, string>;

/** Longer labels and addresses than these are data; CommonMark has the first. */
const maxLabel = 999;
const maxAddress = 8192;

/** Labels are the same in either case and with any spaces. */
export const labelOf = (text: string): string => text.trim().replaceAll(/\s+/g, ' ').toLowerCase();

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

const punctuation = /[!-/:-@[-`{-~]/;
const withoutEscapes = (text: string): string => text.replaceAll(/\\([!-/:-@[-`{-~])/g, '$1');

/** The sign that a backslash protects. */
export const escapedAt = (text: string, at: number): string | null => {
  const sign = text[at + 1];
  return sign !== undefined && punctuation.test(sign) ? sign : null;
};

const ticks = /`+/g;

/** Finds code spans. The place of the last run of each length is known, so no search is wasted. */
export function createCodeSpans(text: string): (at: number) => Taken<{ text: string | null }> {
  let lastOf: Map<number, number> | null = null;
  return (at) => {
    if (!lastOf) {
      lastOf = new Map();
      ticks.lastIndex = 0; // matchAll begins there as well.
      for (const { 0: run, index } of text.matchAll(ticks)) lastOf.set(run.length, index);
    }
    const length = matchAt(/`+/y, text, at)?.[0].length ?? 0;
    const start = at + length;
    if ((lastOf.get(length) ?? -1) < start) return { text: null, end: start };
    ticks.lastIndex = start;
    let run = ticks.exec(text);
    while (run && run[0].length !== length) run = ticks.exec(text);
    if (!run) return { text: null, end: start };
    const inner = text.slice(start, run.index).replaceAll('\n', ' ');
    const isPadded = inner.startsWith(' ') && inner.endsWith(' ') && inner.trim() !== '';
    return { text: isPadded ? inner.slice(1, -1) : inner, end: run.index + length };
  };
}

const wrappedAddress = /<((?:[^<>\n\\]|\\.){0,8192})>/y;
const title = /"(?:[^"\\]|\\[\s\S]){0,2000}"|'(?:[^'\\]|\\[\s\S]){0,2000}'|\((?:[^()\\]|\\[\s\S]){0,2000}\)/y;
const blanks = /[ \t\n]*/y;
const skipBlanks = (text: string, at: number) => at + (matchAt(blanks, text, at)?.[0].length ?? 0);

/** The address of a link: in `<>`, or without spaces and with its parentheses in pairs. */
export function addressAt(text: string, at: number): Taken<{ address: string }> | null {
  if (text[at] === '<') {
    const found = matchAt(wrappedAddress, text, at);
    return found && { address: withoutEscapes(found[1] ?? ''), end: at + found[0].length };
  }
  let depth = 0;
  let end = at;
  for (; end < text.length && end - at < maxAddress; end += 1) {
    const sign = text.charCodeAt(end);
    if (sign <= 0x20) break;
    if (sign === 0x5c && escapedAt(text, end) !== null) end += 1;
    else if (sign === 0x28) depth += 1;
    else if (sign === 0x29) depth -= 1;
    if (depth < 0 || depth > 32) break;
  }
  return depth > 0 ? null : { address: withoutEscapes(text.slice(at, end)), end };
}

/** What comes after an address: a title, which is not shown. */
export function titleEnd(text: string, at: number): number {
  const found = /[ \t\n]/.test(text[at - 1] ?? '') ? matchAt(title, text, at) : null;
  return at + (found?.[0].length ?? 0);
}

/** The address in parentheses behind the text of a link. */
export function linkTargetAt(text: string, at: number): Taken<{ address: string }> | null {
  if (text[at] !== '(') return null;
  const start = skipBlanks(text, at + 1);
  const found = addressAt(text, start);
  if (!found) return null;
  const end = skipBlanks(text, titleEnd(text, skipBlanks(text, found.end)));
  return text[end] === ')' ? { address: found.address, end: end + 1 } : null;
}

const reference = /\[((?:[^[\]\\]|\\.){0,999})\]/y;

/** What a link refers to: `[label]` behind its text, or its text itself. */
export function referenceAt(
  text: string,
  at: number,
  own: { from: number; to: number },
): Taken<{ label: string }> | null {
  const found = matchAt(reference, text, at);
  const end = at + (found?.[0].length ?? 0);
  if (found?.[1]) return { label: labelOf(found[1]), end };
  return own.to - own.from > maxLabel ? null : { label: labelOf(text.slice(own.from, own.to)), end };
}

const pointedAddress = /<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*)>/y;
const pointedMail = /<([\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255})>/y;
const tag = /<[A-Za-z/!?][^<>]*>/y;

/** `<address>` as a link, or a tag of HTML, which is shown as it is written. */
export function pointedAt(text: string, at: number): Taken<{ address: string | null; text: string }> | null {
  const link = matchAt(pointedAddress, text, at);
  if (link) return { address: link[1] ?? '', text: link[1] ?? '', end: at + link[0].length };
  const mail = matchAt(pointedMail, text, at);
  if (mail) return { address: `mailto:${mail[1]}`, text: mail[1] ?? '', end: at + mail[0].length };
  const html = matchAt(tag, text, at);
  return html && { address: null, text: html[0], end: at + html[0].length };
}
