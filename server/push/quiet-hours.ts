import type { QuietHours } from '../../contract/push.ts';

/** Whether a moment is in quiet hours, by the clock of their time zone. */
export function isQuiet(quiet: QuietHours | null, now: Date): boolean {
  if (!quiet) return false;
  const clock = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    timeZone: quiet.time_zone,
  }).format(now);
  if (quiet.from === quiet.to) return false;
  return quiet.from < quiet.to
    ? clock >= quiet.from && clock < quiet.to
    : clock >= quiet.from || clock < quiet.to;
}
