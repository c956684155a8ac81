/** A time that a file gives as a number; null for a number that is none (`toISOString` would throw). */
export function toTime(value: unknown): string | null {
  const time = new Date(typeof value === 'number' ? value : Number.NaN);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
