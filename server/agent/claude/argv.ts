import type { RunSpec } from '../port.ts';

/** Flags that the server sets itself, or that would break what it promises. */
const ownFlags = new Set([
  '--print',
  '--continue',
  '--resume',
  '--resume-session-at',
  '--session-id',
  '--fork-session',
  '--no-session-persistence',
  '--output-format',
  '--input-format',
  '--include-partial-messages',
  '--replay-user-messages',
  '--worktree',
  '--bg',
  '--cloud',
  '--teleport',
  '--help',
  '--version',
]);

/**
 * The extra arguments that may not be used, of those given. Short options are among them all: they can be
 * joined to each other and to their value (-pc, -r<uuid>), and each has a long form.
 */
export function refusedArgs(args: readonly string[]): string[] {
  return args.filter((arg) => /^-[^-]/.test(arg) || ownFlags.has(arg.split('=')[0] ?? ''));
}

/** The command line of a run. The message is not in it: that goes to standard input. */
export function buildArgv(spec: RunSpec): string[] {
  const session = spec.isNew ? '--session-id' : '--resume';
  const format = spec.follow ? ['--output-format', 'stream-json', '--verbose', '--include-partial-messages'] : ['--output-format', 'json'];
  return [
    '-p',
    session,
    spec.sessionId,
    ...format,
    '--permission-mode',
    spec.permissionMode,
    ...(spec.allowedTools ? ['--allowedTools', spec.allowedTools] : []),
    ...(spec.model ? ['--model', spec.model] : []),
    ...spec.extraArgs,
  ];
}

/** The text for standard input. A leading blank keeps the CLI from reading a command. */
export function toInput(message: string, literal: boolean): string {
  return literal && message.startsWith('/') ? ` ${message}` : message;
}
