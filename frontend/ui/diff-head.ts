/** A line of a diff as it is drawn. */
export type DiffLine = { kind?: 'added' | 'removed' | 'left-out' | undefined; text: string };

/** Drawing more than this takes longer than a frame. */
const maxLines = 300;
const maxLine = 1000;

/** The first lines of a long diff, each cut if it is very long; null if all of it may be drawn at once. */
export function headOfDiff(lines: readonly DiffLine[]): { head: DiffLine[]; left: number } | null {
  if (lines.length <= maxLines && lines.every(({ text }) => text.length <= maxLine)) return null;
  const head = lines
    .slice(0, maxLines)
    .map(({ kind, text }) => ({ kind, text: text.length > maxLine ? `${text.slice(0, maxLine)}…` : text }));
  return { head, left: Math.max(0, lines.length - maxLines) };
}
