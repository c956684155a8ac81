import type { Part } from './shell.ts';

const only = (names: string): readonly string[] => names.split(' ');

/**
 * Programs that with no argument at all run another program, set a variable of the shell, or write what they are
 * given into a file of their choice. Of some only these subcommands. What is not here may do anything: `sort` has
 * `--compress-program`, `printf` has `-v PATH`, `git log` has `--output`, `npm test` has `--script-shell`, `git commit`
 * runs hooks, `git branch --edit-description` and `git add -e` an editor that the repository names.
 */
const bounded: ReadonlyMap<string, readonly string[] | 'all'> = new Map<string, readonly string[] | 'all'>([
  ...only(
    'basename cat cksum cmp comm cut date df diff dirname du echo false grep head id ls md5sum mkdir nl pwd readlink ' +
      'realpath seq sha1sum sha256sum sleep stat tail touch tr true uname wc which whoami',
  ).map((name) => [name, 'all'] as const),
  ['git', only('ls-files rev-parse status')],
]);

/** The words with which a command begins that may be followed by anything; null if there are none. */
export function boundedStart(part: Part): Part | null {
  const [program = '', subcommand = ''] = part;
  const allowed = bounded.get(program);
  if (allowed === 'all') return [program];
  return allowed?.includes(subcommand) ? [program, subcommand] : null;
}
