import type { OptionRow } from '../../cli/command.ts';
import { commands, commonOptions, groups } from '../../cli/table.ts';

const cell = (text: string) => text.replaceAll('|', '\\|');

const table = (head: string, rows: readonly OptionRow[]) =>
  rows.length
    ? `| ${head} | |\n| --- | --- |\n${rows.map(({ flags, about, choices }) => `| \`${cell(flags)}\` | ${cell(about)}${choices ? ` (${choices.join(', ')})` : ''} |`).join('\n')}\n`
    : '';

/** docs/cli.md: every command with its arguments, options and examples. */
export function cliPage(): string {
  const sections = Object.entries(groups).map(([group, title]) => {
    const own = commands
      .filter((command) => command.group === group)
      .map(({ name, args, about, options, examples }) =>
        [
          `### ${name}\n`,
          `${about}.\n`,
          `\`switchboard ${[name, ...args.map(({ flags }) => flags)].join(' ')}\`\n`,
          table('Argument', args),
          table('Option', options),
          `\`\`\`sh\n${examples.join('\n')}\n\`\`\`\n`,
        ]
          .filter(Boolean)
          .join('\n'),
      );
    return `## ${title}\n\n${own.join('\n')}`;
  });
  return `# The \`switchboard\` command

<!-- Made by npm run generate from cli/table.ts. -->

It is an HTTP client of the server (only \`serve\` starts one). The server of this machine is found by itself: as long as it runs,
\`~/.local/state/switchboard/server.json\` (mode 0600; under XDG_STATE_HOME where that is set) says where it is and lets you in.

Data goes to standard output, words to standard error. Exit codes: 0 done, 1 failed or nothing found, 2 called wrongly,
124 the time was up, 130 interrupted. A turn goes on when the command is interrupted; \`stop\` stops it.

${table('Every command takes', commonOptions)}
${sections.join('\n')}`;
}
