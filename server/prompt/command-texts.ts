/** A field with one of these words in its name holds what is run: `command`, `shell_cmd`, `preScript`, `sql`. */
const commandWords = new Set(
  (
    'command commands cmd cmds script scripts shell bash sh zsh powershell code snippet sql statement statements ' +
    'exec execute eval expression run runs program executable binary js javascript python'
  ).split(' '),
);
const argumentWords = new Set('args argv arguments params parameters'.split(' '));

/** The words of a name, whichever way it joins them. */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_')
    .toLowerCase()
    .split(/[^a-z0-9]+/);

const isCommandName = (name: string) => wordsOf(name).some((word) => commandWords.has(word));
const isArgumentName = (name: string) => wordsOf(name).some((word) => argumentWords.has(word));

/** A word as a shell reads it back. */
const quoted = (word: string) =>
  /^[\w./:=@%+,~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** What a value gives to a command line: its text, or the words of a list. */
function toCommandLine(value: unknown, isList: boolean): string {
  if (typeof value === 'string') return value;
  if (!isList || !Array.isArray(value)) return '';
  return value
    .filter((word) => typeof word === 'string')
    .map(quoted)
    .join(' ');
}

/** A program and its arguments in two fields, as one text; empty if there are no such fields. */
function joinFields(fields: readonly [string, unknown][]): string {
  const program = fields.find(([name, value]) => isCommandName(name) && typeof value === 'string');
  const given = fields.filter(([name]) => isArgumentName(name));
  return program && given.length
    ? [program, ...given].map(([, value]) => toCommandLine(value, true)).join(' ')
    : '';
}

/**
 * The texts of an input that its tool may run, at any depth: what stands in a field whose name says so. A list
 * may be the words of one command, or several commands: it gives both. Any MCP server can name its fields as it
 * likes, so this reads too much rather than too little.
 */
export function commandTextsOf(input: Record<string, unknown>): string[] {
  const texts = new Set<string>();
  const rest: { value: unknown; isRun: boolean }[] = [{ value: input, isRun: false }];
  for (let next = rest.pop(); next; next = rest.pop()) {
    const { value, isRun } = next;
    if (typeof value === 'string') {
      if (isRun) texts.add(value);
    } else if (Array.isArray(value)) {
      if (isRun) texts.add(toCommandLine(value, true));
      for (const item of value) rest.push({ value: item, isRun });
    } else if (value && typeof value === 'object') {
      const fields = Object.entries(value);
      texts.add(joinFields(fields));
      for (const [name, field] of fields)
        rest.push({ value: field, isRun: isRun || isCommandName(name) || isArgumentName(name) });
    }
  }
  texts.delete('');
  return [...texts].reverse();
}
