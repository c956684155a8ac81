/** What is being typed that can be completed: a command at the start, or a file after an @. */
export type Asked = { kind: 'command' | 'file'; query: string; from: number; to: number };

/** The text at the caret that can be completed, or null. */
export function askedAt(text: string, caret: number): Asked | null {
  const before = text.slice(0, caret);
  const command = /^\/([\w:-]*)$/.exec(before);
  if (command) return { kind: 'command', query: command[1] ?? '', from: 0, to: caret };
  const file = /(?:^|\s)@([^\s@]{0,200})$/.exec(before);
  if (file)
    return { kind: 'file', query: file[1] ?? '', from: caret - (file[1] ?? '').length - 1, to: caret };
  return null;
}

/** The text with what was typed replaced by what was chosen, and where the caret then stands. */
export function complete(
  text: string,
  { kind, from, to }: Asked,
  chosen: string,
): { text: string; caret: number } {
  const put = `${kind === 'command' ? '/' : '@'}${chosen} `;
  return { text: text.slice(0, from) + put + text.slice(to).replace(/^ /, ''), caret: from + put.length };
}

/** The commands that fit, those that begin so first. */
export function matchCommands<T extends { name: string }>(
  commands: readonly T[],
  query: string,
  limit: number,
): T[] {
  const wanted = query.toLowerCase();
  // Names that begin with an underscore are the program's own.
  const rank = ({ name }: T) =>
    name.startsWith('_')
      ? 2
      : name.toLowerCase().startsWith(wanted)
        ? 0
        : name.toLowerCase().includes(wanted)
          ? 1
          : 2;
  return commands
    .filter((command) => rank(command) < 2)
    .toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
    .slice(0, limit);
}
