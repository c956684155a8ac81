import { diffLines } from 'diff';

/** So many lines are shown of what stays the same on each side of a change. */
const context = 3;

type Row = { sign: '+' | '-' | ' ' | '…'; text: string };

/** The lines that two texts differ in, with a few around them. */
export function diffRows(before: string, after: string): Row[] {
  return diffLines(before, after).flatMap((part, index, parts): Row[] => {
    const lines = part.value.replace(/\n$/, '').split('\n');
    if (part.added || part.removed) return lines.map((text) => ({ sign: part.added ? '+' : '-', text }));
    const head = index === 0 ? 0 : context;
    const tail = index === parts.length - 1 ? 0 : context;
    if (lines.length <= head + tail + 1) return lines.map((text) => ({ sign: ' ', text }));
    const left = lines.length - head - tail;
    const rows = (some: string[]): Row[] => some.map((text) => ({ sign: ' ', text }));
    return [...rows(lines.slice(0, head)), { sign: '…', text: `${left}` }, ...rows(tail ? lines.slice(-tail) : [])];
  });
}
