import { resolve } from 'node:path';
import type { PermissionMode } from '../contract/conversation-options.ts';
import type { Client } from './client.ts';
import { UsageError } from './fault.ts';
import type { Output } from './output.ts';
import type { StandardInput } from './standard-input.ts';

/** An option or argument, as commander writes it. */
export type OptionRow = { flags: string; about: string; choices?: readonly string[] };

/** What a command works with. */
export type Context = {
  client: Client;
  out: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** All commands there are. */
  commands: readonly Command[];
  /** What every command takes. */
  commonOptions: readonly OptionRow[];
  input: StandardInput;
};

export type Values = Record<string, string | boolean | string[] | undefined>;

/** A command as data: the help, the completion and docs/cli.md are made of it. Its `run` gives the exit code. */
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

/** As the contract has them, which a client of the API cannot take values from. */
export const permissionModes = [
  'acceptEdits',
  'auto',
  'bypassPermissions',
  'default',
  'dontAsk',
  'manual',
  'plan',
] as const satisfies PermissionMode[];

/** A number of an option. Throws UsageError. */
export function numberOf(values: Values, name: string, fallback: number): number {
  const text = values[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new UsageError(`--${name}: ${JSON.stringify(text)} is not a number above 0.`);
  return value;
}

/** A whole number of an option. Throws UsageError. */
export function countOf(values: Values, name: string, fallback: number): number {
  const value = numberOf(values, name, fallback);
  if (!Number.isInteger(value)) throw new UsageError(`--${name}: ${value} is not a whole number.`);
  return value;
}

export const textOf = (values: Values, name: string): string | undefined =>
  typeof values[name] === 'string' ? values[name] : undefined;

const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A time such as 30m or 7d, in seconds. Throws UsageError. */
export function durationOf(name: string, text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  if (!count) throw new UsageError(`${name}: ${JSON.stringify(text)} is not a time such as 30m, 72h or 7d.`);
  return Math.round(Number(count) * seconds[unit as keyof typeof seconds]);
}

/** A time of an option, as ISO-8601: a date, or how long ago. Throws UsageError. */
export function timeOf(values: Values, name: string): string | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const isSpan = /^\d+(\.\d+)?[smhd]$/.test(text);
  const at = isSpan ? Date.now() - durationOf(`--${name}`, text) * 1000 : Date.parse(text);
  if (Number.isNaN(at))
    throw new UsageError(
      `--${name}: ${JSON.stringify(text)} is neither a date such as 2026-01-31 nor a time such as 30m or 7d.`,
    );
  return new Date(at).toISOString();
}

/** A folder as a person names it from where they are; `~` is the server's to know. */
export const folderOf = (text: string): string => (text.startsWith('~') ? text : resolve(text));
