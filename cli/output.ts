import { styleMarks } from './terminal-text.ts';

/** Where a command prints: data to standard output, messages to standard error. */
export type Output = {
  isJson: boolean;
  isQuiet: boolean;
  /** Whether a person sits at it. */
  isTerminal: boolean;
  /** Data, as it is. */
  write(text: string): void;
  line(text: string): void;
  /** Prints data as JSON with --json, otherwise as `text` formats it. */
  data(value: unknown, text: () => string): void;
  /** Prints a message for a person; nothing with --quiet. */
  say(text: string): void;
  bold(text: string): string;
  faint(text: string): string;
};

export function createOutput(options: {
  isJson: boolean;
  isQuiet: boolean;
  isTerminal: boolean;
  hasColor: boolean;
  out(text: string): void;
  words(text: string): void;
}): Output {
  const style = (mark: string) => (text: string) =>
    options.hasColor ? `${mark}${text}${styleMarks.end}` : text;
  return {
    ...options,
    write: options.out,
    line: (text) => options.out(`${text}\n`),
    data(value, text) {
      const shown = options.isJson ? JSON.stringify(value, null, 2) : text();
      if (shown) options.out(`${shown}\n`);
    },
    say(text) {
      if (!options.isQuiet) options.words(`${text}\n`);
    },
    bold: style(styleMarks.bold),
    faint: style(styleMarks.faint),
  };
}

/** Replaces control characters, which could move the cursor or change the terminal: titles and paths come from anywhere. */
export const replaceControls = (text: string) => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');

export const truncate = (text: string, max: number): string =>
  text.length > max ? `${text.slice(0, max - 1)}…` : text;

/** Rows under a head, each column as wide as it needs; the last one takes what is left. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width = 120,
): string {
  const cells = [head, ...rows.map((row) => row.map(replaceControls))];
  const widths = head.map((_, column) =>
    Math.min(40, Math.max(...cells.map((row) => row[column]?.length ?? 0))),
  );
  const used = widths.slice(0, -1).reduce((sum, one) => sum + one + 2, 0);
  widths[widths.length - 1] = Math.max(10, width - used);
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          truncate(cell, widths[column] ?? 0).padEnd(column === row.length - 1 ? 0 : (widths[column] ?? 0)),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** How long ago a time was, in one unit. */
export function formatAge(time: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(time)) / 1000));
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const)
    if (seconds >= size) return `${Math.floor(seconds / size)}${unit} ago`;
  return `${seconds}s ago`;
}
