import { resolve } from 'node:path';
import type { PermissionMode } from '../contract/common.ts';
import type { Values } from './command.ts';
import { UsageError } from './errors.ts';

/** A record, so that the compiler notices a mode that is missing; the contract's own list needs zod. */
const isMode: Readonly<Record<PermissionMode, true>> = {
  acceptEdits: true,
  auto: true,
  bypassPermissions: true,
  default: true,
  dontAsk: true,
  manual: true,
  plan: true,
};
export const permissionModes = Object.keys(isMode) as PermissionMode[];

/** The number of an option that has a default. Throws UsageError. */
export function numberOption(values: Values, name: string): number {
  const value = Number(values[name]);
  if (!Number.isFinite(value) || value <= 0)
    throw new UsageError(`--${name}: ${JSON.stringify(values[name])} is not a number above 0.`);
  return value;
}

/** The whole number of an option that has a default. Throws UsageError. */
export function integerOption(values: Values, name: string): number {
  const value = numberOption(values, name);
  if (!Number.isInteger(value)) throw new UsageError(`--${name}: ${value} is not a whole number.`);
  return value;
}

export const stringOption = (values: Values, name: string): string | undefined =>
  typeof values[name] === 'string' ? values[name] : undefined;

const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A time such as 30m or 7d, in seconds. Throws UsageError. */
export function parseDuration(name: string, text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  if (!count) throw new UsageError(`${name}: ${JSON.stringify(text)} is not a time such as 30m, 72h or 7d.`);
  return Math.round(Number(count) * seconds[unit as keyof typeof seconds]);
}

/** The time of an option as ISO-8601; a person gives a date or an age. Throws UsageError. */
export function timeOption(values: Values, name: string): string | undefined {
  const text = stringOption(values, name);
  if (text === undefined) return undefined;
  const isSpan = /^\d+(\.\d+)?[smhd]$/.test(text);
  const at = isSpan ? Date.now() - parseDuration(`--${name}`, text) * 1000 : Date.parse(text);
  if (Number.isNaN(at))
    throw new UsageError(
      `--${name}: ${JSON.stringify(text)} is neither a date such as 2026-01-31 nor a time such as 30m or 7d.`,
    );
  return new Date(at).toISOString();
}

/** A folder, relative to the current one. `~` is left to the server, which may run as another user. */
export const resolveFolder = (text: string): string => (text.startsWith('~') ? text : resolve(text));
