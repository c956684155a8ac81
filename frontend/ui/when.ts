const steps: readonly [limit: number, seconds: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [60, 1, 'second'],
  [3600, 60, 'minute'],
  [86_400, 3600, 'hour'],
  [Number.POSITIVE_INFINITY, 86_400, 'day'],
];

/** How long ago a time (ISO-8601) was, in words. */
export function ago(time: string, now: number): string {
  const passed = Math.max(0, (now - Date.parse(time)) / 1000);
  const [, seconds, unit] = steps.find(([limit]) => passed < limit) as (typeof steps)[number];
  return new Intl.RelativeTimeFormat('en', { style: 'narrow', numeric: 'auto' }).format(-Math.floor(passed / seconds), unit);
}
