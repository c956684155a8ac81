import type { Launch, RunSpec, TerminalLaunch } from '../port.ts';

/** Flags that the server sets itself, or that would break its promises. */
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
  '--permission-prompt-tool',
  '--permission-prompts',
  '--replay-user-messages',
  '--json-schema',
  '--worktree',
  '--bg',
  '--background',
  '--bare',
  '--from-pr',
  '--cloud',
  '--teleport',
  '--help',
  '--version',
]);

/**
 * The extra arguments that are refused. Every short option is: they can be joined to each other and to their value
 * (-pc, -r<uuid>), and each has a long form.
 */
export function refusedArgs(args: readonly string[]): string[] {
  return args.filter((arg) => /^-[^-]/.test(arg) || ownFlags.has(arg.split('=')[0] ?? ''));
}

/** As `refusedArgs`, for a terminal: its settings file is ours, since the hooks that report prompts are in it. */
export const refusedTerminalArgs = (args: readonly string[]): string[] => [
  ...refusedArgs(args),
  ...args.filter((arg) => /^--(settings|tmux)(=|$)/.test(arg)),
];

const streamJson = ['--output-format', 'stream-json', '--verbose', '--include-partial-messages'];

const sessionArgs = (sessionId: string, isNew: boolean) => [isNew ? '--session-id' : '--resume', sessionId];

function optionArgs(launch: Launch): string[] {
  return [
    '--permission-mode',
    launch.permissionMode,
    ...(launch.allowedTools ? ['--allowedTools', launch.allowedTools] : []),
    ...(launch.model ? ['--model', launch.model] : []),
    ...(launch.effort ? ['--effort', launch.effort] : []),
    ...(launch.jsonSchema ? ['--json-schema', launch.jsonSchema] : []),
    ...launch.extraArgs,
  ];
}

/** The command line of a one-shot run. The message goes to standard input. */
export function buildArgv(spec: RunSpec, isNew: boolean): string[] {
  // 2.1.329 counts it over this run alone, also when it resumes a session.
  const budget = spec.budget ? ['--max-budget-usd', String(Math.max(spec.budget.left(0), 0.000_001))] : [];
  return [
    '-p',
    ...sessionArgs(spec.sessionId, isNew),
    ...(spec.follow ? streamJson : ['--output-format', 'json']),
    ...budget,
    ...optionArgs(spec),
  ];
}

/** The command line of a live process. With `stdio` it asks us instead of a person. */
export function buildLiveArgv(launch: Launch, isNew: boolean): string[] {
  return [
    '-p',
    ...sessionArgs(launch.sessionId, isNew),
    '--input-format',
    'stream-json',
    ...streamJson,
    '--permission-prompt-tool',
    'stdio',
    ...optionArgs(launch),
  ];
}

/** The command line of a session in a terminal. */
export function buildTerminalArgv(launch: TerminalLaunch): string[] {
  return [
    ...sessionArgs(launch.sessionId, launch.isNew),
    '--permission-mode',
    launch.permissionMode,
    ...(launch.model ? ['--model', launch.model] : []),
    ...(launch.name ? ['--name', launch.name] : []),
    ...(launch.settings ? ['--settings', launch.settings] : []),
    ...launch.extraArgs,
  ];
}
