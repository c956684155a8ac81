import type { Client } from './client.ts';
import type { Output } from './output.ts';
import type { StandardInput } from './standard-input.ts';

/** An option or argument, as commander writes it. */
export type OptionRow = {
  flags: string;
  about: string;
  choices?: readonly string[];
  default?: string | number;
};

/** What a command works with. */
export type Context = {
  client: Client;
  out: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  commands: readonly Command[];
  /** Options of every command. */
  commonOptions: readonly OptionRow[];
  input: StandardInput;
};

/** The options of a call, by their names in camel case; those with a default are always set. */
export type Values = Record<string, string | number | boolean | string[] | undefined>;

/** A command as data: the help, the completion and docs/cli.md are made from it. `run` resolves to the exit code. */
export type Command = {
  name: string;
  group: 'talk' | 'find' | 'steer' | 'terminal' | 'server';
  /** Arguments, as commander writes them: `<name> [message]`. */
  args: readonly OptionRow[];
  about: string;
  options: readonly OptionRow[];
  examples: readonly string[];
  run(context: Context, args: readonly string[], values: Values): Promise<number>;
};
