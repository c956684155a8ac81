/** What is wrong with how a command was called. Exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** What is wrong, and what to do about it. Exit code 1. */
export class CliError extends Error {
  override name = 'CliError';
}

export const exitCodes = { ok: 0, failed: 1, usage: 2, timeout: 124, interrupted: 130 } as const;
