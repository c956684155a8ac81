import { cutText } from './visible.ts';

/** One field of a tool's input as a line: `group` has further rows under it, `token` is a value that is not a string. */
export type InputRow = {
  id: string;
  depth: number;
  name: string;
  kind: 'text' | 'token' | 'group';
  value: string;
};

/** What comes first of the tools that are known: what is run, or the file that it is done to. */
const first = ['command', 'file_path', 'notebook_path', 'path', 'url', 'query', 'pattern', 'plan', 'prompt'];

/** What is nested deeper is shown as JSON: a phone is too narrow to indent it. */
const maxDepth = 5;

/** Text that looks like a value of another type is put in quotes. */
const looksLikeToken = /^(true|false|null|-?\d[\d.eE+-]*|\[\]|\{\}|".*"|)$/s;

/** Every field of an input with its value, nested ones too, the most important first. Nothing is left out. */
export function toRows(input: Readonly<Record<string, unknown>>, hidden: readonly string[] = []): InputRow[] {
  const rank = (name: string) => (first.includes(name) ? first.indexOf(name) : first.length);
  if (!Object.keys(input).length) return [{ id: '/', depth: 0, name: '', kind: 'token', value: '{}' }];
  const fields = Object.entries(input).filter(([name]) => !hidden.includes(name));
  return fields
    .toSorted(([a], [b]) => rank(a) - rank(b))
    .flatMap(([name, value], index) => rowsOf(name, value, 0, `/${index}`));
}

/** An id is made of places, not of names: a long name would be repeated in every field below it. */
function rowsOf(name: string, value: unknown, depth: number, id: string): InputRow[] {
  const row = (kind: InputRow['kind'], text: string): InputRow => ({ id, depth, name, kind, value: text });
  if (typeof value === 'string')
    return [looksLikeToken.test(value) ? row('token', `"${value}"`) : row('text', value)];
  const inner: [string, unknown][] = Array.isArray(value)
    ? value.map((one, index) => [String(index + 1), one])
    : value && typeof value === 'object'
      ? Object.entries(value)
      : [];
  if (!inner.length) return [row('token', JSON.stringify(value) ?? 'undefined')];
  // Without indents, which would take the square of the depth.
  if (depth >= maxDepth) return [row('text', JSON.stringify(value))];
  return [
    row('group', ''),
    ...inner.flatMap(([key, one], index) => rowsOf(key, one, depth + 1, `${id}/${index}`)),
  ];
}

/** More rows than these are cut in the middle. */
const limits = { rows: 150, head: 60, tail: 20 };

/** The rows that are left out until they are asked for; null if all fit. */
export function cutRows(rows: readonly InputRow[]): { from: number; to: number } | null {
  return rows.length > limits.rows ? { from: limits.head, to: rows.length - limits.tail } : null;
}

/** What has to be opened before all of the rows was in sight: the ids of rows that are cut, `#` for rows, `id#` for names. */
export function cutsOf(rows: readonly InputRow[]): string[] {
  const texts = rows.flatMap(({ id, name, value }) => [
    ...(cutText(value) ? [id] : []),
    ...(cutText(name) ? [`${id}#`] : []),
  ]);
  return cutRows(rows) ? [...texts, '#'] : texts;
}
