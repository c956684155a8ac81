import { diffLines } from 'diff';

/** This many lines are shown of what stays the same on each side of a change. */
const context = 3;

/** Finding fewer changes takes quadratic time. Two texts that differ more are shown as one removed and one added. */
const maxChanges = 500;

export type Row = { sign: '+' | '-' | ' ' | '…'; text: string };

type Part = { value: string; added?: boolean; removed?: boolean };

const replaced = (before: string, after: string): Part[] =>
  [
    { value: before, removed: true },
    { value: after, added: true },
  ].filter(({ value }) => value !== '');

/** The lines that two texts differ in, with a few around them. Takes linear time. */
export function diffRows(before: string, after: string): Row[] {
  const found: Part[] = diffLines(before, after, { maxEditLength: maxChanges }) ?? replaced(before, after);
  return found.flatMap((part, index, parts): Row[] => {
    const lines = part.value.replace(/\n$/, '').split('\n');
    if (part.added || part.removed) return lines.map((text) => ({ sign: part.added ? '+' : '-', text }));
    const head = index === 0 ? 0 : context;
    const tail = index === parts.length - 1 ? 0 : context;
    if (lines.length <= head + tail + 1) return lines.map((text) => ({ sign: ' ', text }));
    const left = lines.length - head - tail;
    const rows = (some: string[]): Row[] => some.map((text) => ({ sign: ' ', text }));
    return [
      ...rows(lines.slice(0, head)),
      { sign: '…', text: `${left}` },
      ...rows(tail ? lines.slice(-tail) : []),
    ];
  });
}
