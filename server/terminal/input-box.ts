import { stripVTControlCharacters } from 'node:util';
import type { Screen } from './port.ts';

/** The input box begins with `❯ `, between two rules (2.1.329). */
const promptSign = /^❯[\s\u00a0]?/;
const rule = /^\s*─{8}/;
const promptColumn = 2;

type Cell = { char: string; isHint: boolean; isInverse: boolean };

const colours = /\u001b\[([\d;]*)m/y;

/** A hint is written faintly, or in grey. */
const isGrey = (color: readonly number[]) =>
  (color[0] === 5 && (color[1] ?? 0) >= 240 && (color[1] ?? 0) <= 250) ||
  (color[0] === 2 && color[1] === color[2] && color[2] === color[3]);

/** The characters of a line with what of their looks matters. */
function toCells(line: string): Cell[] {
  const cells: Cell[] = [];
  let [isDim, isInverse, hasGrey] = [false, false, false];
  for (let at = 0; at < line.length; ) {
    colours.lastIndex = at;
    const found = colours.exec(line);
    if (!found) {
      cells.push({ char: line[at] as string, isHint: isDim || hasGrey, isInverse });
      at += 1;
      continue;
    }
    at += found[0].length;
    const codes = (found[1] || '0').split(';').map(Number);
    for (let index = 0; index < codes.length; index += 1) {
      const code = codes[index];
      if (code === 0) [isDim, isInverse, hasGrey] = [false, false, false];
      else if (code === 2) isDim = true;
      else if (code === 22) isDim = false;
      else if (code === 7) isInverse = true;
      else if (code === 27) isInverse = false;
      else if (code === 39) hasGrey = false;
      else if (code === 38 || code === 48) {
        const length = codes[index + 1] === 5 ? 2 : 4;
        if (code === 38) hasGrey = isGrey(codes.slice(index + 1, index + 1 + length));
        index += length;
      }
    }
  }
  return cells;
}

const toText = (line = '') => stripVTControlCharacters(line);

/** Whether the input box holds a text of one line, with the cursor behind it. */
export function isBehind({ column, row, lines }: Screen, text: string): boolean {
  return (
    column === promptColumn + text.length &&
    promptSign.test(toText(lines[row])) &&
    toText(lines[row]).includes(text)
  );
}

/**
 * Whether the input box is empty, wherever the cursor is: a person may have moved to the beginning of
 * what they typed, or to another line. Before the box is drawn, only the cursor's column tells.
 */
export function isBoxEmpty({ column, row, lines }: Screen): boolean {
  const line = lines[row] ?? '';
  if (!promptSign.test(toText(line))) {
    const isRule = (one: string) => rule.test(toText(one));
    // Another line of what was begun, or `! `, which is for a shell.
    const isInBox = lines.slice(0, row).some(isRule) && lines.slice(row + 1).some(isRule);
    return !isInBox && column <= promptColumn;
  }
  const below = toText(lines[row + 1]);
  if (below.trim() && !rule.test(below)) return false;
  const shown = toCells(line)
    .slice(promptColumn)
    .filter(({ char }) => char.trim());
  // The cursor is drawn over the first letter of a hint.
  const [first, ...rest] = shown;
  if (!first) return true;
  return (
    shown.every(({ isHint }) => isHint) ||
    (first.isInverse && rest.length > 0 && rest.every(({ isHint }) => isHint))
  );
}
