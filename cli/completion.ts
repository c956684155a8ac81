import type { Command } from './command.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const longOf = (flags: string): string => /--[\w-]+/.exec(flags)?.[0] ?? '';

/** The completion of a shell, as a script that it reads. */
export function completionFor(shell: Shell, commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const ofCommand = ({ options }: Command) => ['--json', '--quiet', '--help', ...options.map(({ flags }) => longOf(flags))].filter(Boolean).join(' ');
  // What stands for a conversation is asked of the server itself.
  const asking = commands.filter(({ args }) => args[0]?.flags === '<name>').map(({ name }) => name);
  if (shell === 'fish') {
    const lines = commands.flatMap((command) => [
      `complete -c switchboard -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.about)}`,
      ...command.options.map(
        ({ flags, about }) =>
          `complete -c switchboard -n "__fish_seen_subcommand_from ${command.name}" -l ${longOf(flags).slice(2)} -d ${quoted(about)}`,
      ),
    ]);
    return `complete -c switchboard -f\n${lines.join('\n')}\ncomplete -c switchboard -n "__fish_seen_subcommand_from ${asking.join(' ')}" -a "(switchboard list -q 2>/dev/null)"\n`;
  }
  const cases = commands.map((command) => `    ${command.name}) words="${ofCommand(command)}" ;;`).join('\n');
  const bash = `_switchboard() {
  local word=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names}" -- "$word"))
    return
  fi
  case "$command" in
${cases}
  esac
  case "$word:$command" in
    -*) ;;
    *:${asking.join('|*:')}) words=$(switchboard list -q 2>/dev/null) ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _switchboard switchboard
`;
  return shell === 'bash' ? bash : `autoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
