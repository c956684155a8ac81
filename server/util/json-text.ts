/**
 * Text that crosses the edge of this server. Half of a surrogate pair has no form in UTF-8: strict readers
 * such as `jq` refuse a whole answer because of one. It becomes U+FFFD on its way in, and on its way out,
 * since transcripts and programs can hold it too.
 */

/** As `JSON.stringify` writes half of a pair, after an even number of backslashes. */
const halfOfPair = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/** A value as JSON that every parser accepts. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes('\\ud') ? text.replace(halfOfPair, '$1\ufffd') : text;
}

/** How deep a request may be nested, and how many values it may have. */
export const jsonLimits = { depth: 100, values: 100_000 };

/**
 * Describes in what way a JSON text is too deep or too long; null if it is not. Reads each character once.
 */
export function findExcess(text: string, limits = jsonLimits): string | null {
  let [depth, values] = [0, 1];
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === 0x22) at = endOfString(text, at);
    else if (char === 0x5b || char === 0x7b) {
      depth += 1;
      values += 1;
      if (depth > limits.depth) return `is nested more than ${limits.depth} levels deep`;
    } else if (char === 0x5d || char === 0x7d) depth -= 1;
    else if (char === 0x2c) values += 1;
    if (values > limits.values) return `holds more than ${limits.values} values`;
  }
  return null;
}

/** The index of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === 0x22) return at;
    if (char === 0x5c) at += 1;
  }
  return text.length;
}

/**
 * A value with every half of a surrogate pair replaced, in keys too. Calls `onNul` with the path of a text
 * that holds NUL. `value` comes from `JSON.parse` after `findExcess`, so that its depth is bounded.
 */
export function toWellFormed(value: unknown, onNul: (path: string) => void, path = ''): unknown {
  if (typeof value === 'string') {
    if (value.includes('\0')) onNul(path);
    return value.toWellFormed();
  }
  if (typeof value !== 'object' || value === null) return value;
  const below = (key: string | number) => (path ? `${path}.${key}` : String(key));
  if (Array.isArray(value)) return value.map((item, index) => toWellFormed(item, onNul, below(index)));
  const entries = Object.entries(value).map(([key, item]) => {
    if (key.includes('\0')) onNul(path);
    return [key.toWellFormed(), toWellFormed(item, onNul, below(key))];
  });
  // fromEntries defines its keys: one called "__proto__" stays a key.
  return Object.fromEntries(entries);
}
