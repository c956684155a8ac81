import type { Command, OptionRow } from './command.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What a first argument can be is asked of the server itself. */
const sources: Readonly<Record<string, string>> = {
  name: 'list -q',
  session: 'list -q 2>/dev/null; switchboard list --sessions -q',
  id: 'prompts -q',
  record: 'ended -q',
};

const longFlag = (flags: string): string => /--[\w-]+/.exec(flags)?.[0] ?? '';

/** How the words for the first argument of a command are found: known ones, or a command that prints them. */
function findFirstWords({ name, args }: Command): { words: string } | { asks: string } | null {
  const [row] = args;
  if (row?.choices) return { words: row.choices.join(' ') };
  const asks = sources[/^[<[](\w+)/.exec(row?.flags ?? '')?.[1] ?? ''];
  // A new one has no name yet.
  return asks && name !== 'new' ? { asks: `switchboard ${asks} 2>/dev/null` } : null;
}

/** The completion of a shell, as a script that it reads. */
export function buildCompletion(
  shell: Shell,
  commands: readonly Command[],
  common: readonly OptionRow[],
): string {
  if (shell === 'fish') return buildFishScript(commands, common);
  const script = buildBashScript(commands, common);
  return shell === 'bash' ? script : `autoload -U +X bashcompinit && bashcompinit\n${script}`;
}

function buildBashScript(commands: readonly Command[], common: readonly OptionRow[]): string {
  const flagsOf = (options: readonly OptionRow[]) =>
    [...options, ...common]
      .map(({ flags }) => longFlag(flags))
      .concat('--help')
      .join(' ');
  const withValue = common.filter(({ flags }) => flags.includes('<')).map(({ flags }) => longFlag(flags));
  const line = (test: string, words: string) => `    ${test}) words=${words} ;;`;
  const flags = commands.map((command) => line(`${command.name}:-*`, `"${flagsOf(command.options)}"`));
  const choices = commands.flatMap(({ name, options }) =>
    options.flatMap((row) =>
      row.choices ? [line(`${name}:${longFlag(row.flags)}`, `"${row.choices.join(' ')}"`)] : [],
    ),
  );
  const first = commands.flatMap((command) => {
    const found = findFirstWords(command);
    if (!found) return [];
    return [line(`${command.name}:1`, 'words' in found ? `"${found.words}"` : `$(${found.asks})`)];
  });
  return `_switchboard() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command= count=0 at words=
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
    ${withValue.join(' | ')}) at=$((at + 1)) ;;
    -* | :) ;;
    *) if [ "\${COMP_WORDS[at - 1]}" = : ]; then :; elif [ -z "$command" ]; then command=\${COMP_WORDS[at]}; else count=$((count + 1)); fi ;;
    esac
  done
  if [ -z "$command" ]; then
    case "$word" in
    -*) words="${flagsOf([])}" ;;
    *) words="${commands.map(({ name }) => name).join(' ')}" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    return
  fi
  case "$command:$word" in
${flags.join('\n')}
  esac
  case "$command:$before" in
${choices.join('\n')}
  esac
  [ -n "$words" ] || case "$command:$((count + 1))" in
${first.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _switchboard switchboard
`;
}

function buildFishScript(commands: readonly Command[], common: readonly OptionRow[]): string {
  const optionOf = (name: string | null, { flags, about, choices }: OptionRow) => {
    const isFile = /<(path|file|folder)>/.test(flags);
    const values = choices
      ? ` -x -a ${quoteWord(choices.join(' '))}`
      : isFile
        ? ' -r -F'
        : /</.test(flags)
          ? ' -x'
          : '';
    const where = name === null ? '' : ` -n "__fish_seen_subcommand_from ${name}"`;
    return `complete -c switchboard${where} -l ${longFlag(flags).slice(2)}${values} -d ${quoteWord(about)}`;
  };
  const lines = commands.flatMap((command) => {
    const { name, about, options } = command;
    const found = findFirstWords(command);
    return [
      `complete -c switchboard -n __fish_use_subcommand -a ${name} -d ${quoteWord(about)}`,
      ...options.map((row) => optionOf(name, row)),
      ...(found
        ? [
            `complete -c switchboard -n "__fish_seen_subcommand_from ${name}" -a "${'words' in found ? found.words : `(${found.asks})`}"`,
          ]
        : []),
    ];
  });
  return `complete -c switchboard -f\n${[...common.map((row) => optionOf(null, row)), ...lines].join('\n')}\n`;
}

const quoteWord = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
