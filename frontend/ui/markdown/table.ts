export type Align = 'left' | 'center' | 'right' | null;
export type Table = { type: 'table'; header: string[]; align: Align[]; rows: string[][] };

/** No table for people has more columns. */
const maxColumns = 60;

/** The cells of a row: `\|` does not end one. */
export function cellsOf(line: string): string[] {
  const cells: string[] = [];
  const row = line.trim();
  let from = row.startsWith('|') ? 1 : 0;
  for (let at = from; at <= row.length; at += 1) {
    if (row[at] === '\\') at += 1;
    else if (row[at] === '|' || at === row.length) {
      if (at < row.length || at > from) cells.push(row.slice(from, at).trim().replaceAll('\\|', '|'));
      from = at + 1;
    }
  }
  if (from < row.length) cells.push(row.slice(from).trim().replaceAll('\\|', '|'));
  return cells;
}

/** The columns of a line such as `|---|:-:|`; null for any other line. */
function alignOf(line: string): Align[] | null {
  if (!/^[\s|:-]+$/.test(line) || !line.includes('-') || !/[|:]/.test(line)) return null;
  const cells = cellsOf(line);
  if (!cells.length || !cells.every((cell) => /^:?-+:?$/.test(cell))) return null;
  return cells.map((cell) =>
    cell.endsWith(':') ? (cell.startsWith(':') ? 'center' : 'right') : cell.startsWith(':') ? 'left' : null,
  );
}

/** A table that begins with these two lines; null where they are none. */
export function tableOf(header: string, line: string): Table | null {
  if (!header.includes('|') && !line.includes('|')) return null;
  const align = alignOf(line);
  if (!align || align.length > maxColumns) return null;
  const cells = cellsOf(header);
  return cells.length === align.length ? { type: 'table', header: cells, align, rows: [] } : null;
}
