const maxLength = 256_000;

/** Whether a value of the CLI can be passed on as it is: small and flat enough to be written as JSON. */
export function isWithinLimit(value: unknown): boolean {
  try {
    return value !== undefined && JSON.stringify(value).length <= maxLength;
  } catch {
    return false;
  }
}

/** A record of the CLI; an empty one in place of anything else. */
export function limitRecord(value: unknown): Record<string, unknown> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord && isWithinLimit(value) ? (value as Record<string, unknown>) : {};
}

/** A list of the CLI; an empty one in place of anything else. */
export function limitList(value: unknown): unknown[] {
  return Array.isArray(value) && isWithinLimit(value) ? value : [];
}
