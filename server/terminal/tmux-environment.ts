/** What tmux sets itself, or has from whoever sits before it. */
const ofTmux = new Set([
  'TERM',
  'PWD',
  'OLDPWD',
  'SHLVL',
  '_',
  'TMUX',
  'TMUX_PANE',
  'TERM_PROGRAM',
  'TERM_PROGRAM_VERSION',
]);

/** As a string of tmux's own language. */
const quote = (text: string) => `"${text.replaceAll(/["\\$~]/g, '\\$&').replaceAll('\n', '\\n')}"`;

/**
 * Commands that give what tmux starts next this environment: its server keeps the one that it was itself started in,
 * by whoever that was. `shown` is what `show-environment -g` says. They are to be read from a pipe: arguments can be
 * seen by every user of the machine.
 */
export function environmentCommands(env: Readonly<Record<string, string>>, shown: string): string {
  const known = [...shown.matchAll(/^([A-Za-z_]\w*)=/gm)].map(([, name]) => name as string);
  const gone = known.filter((name) => !(name in env) && !ofTmux.has(name));
  const set = Object.entries(env).filter(([name]) => !ofTmux.has(name));
  return [
    ...gone.map((name) => `set-environment -g -u ${quote(name)}`),
    ...set.map(([name, value]) => `set-environment -g ${quote(name)} ${quote(value)}`),
    '',
  ].join('\n');
}
