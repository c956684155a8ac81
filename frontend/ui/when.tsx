import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { locale } from '../i18n/messages.ts';

/** The time that relative times refer to; the browser advances it. */
export const clock = signal(0);

const everyMs = 20_000;

/** Starts the clock. */
export function startClock(): void {
  clock.value = Date.now();
  setInterval(() => {
    if (document.visibilityState === 'visible') clock.value = Date.now();
  }, everyMs);
}

const steps: readonly [limit: number, seconds: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [60, 1, 'second'],
  [3600, 60, 'minute'],
  [86_400, 3600, 'hour'],
  [Number.POSITIVE_INFINITY, 86_400, 'day'],
];

/** How long ago a time (ISO-8601) was, as text. */
export function ago(time: string, now: number, language: string): string {
  const passed = Math.max(0, (now - Date.parse(time)) / 1000);
  const format = new Intl.RelativeTimeFormat(language, { style: 'narrow', numeric: 'auto' });
  // The seconds would only flicker.
  if (passed < 60) return format.format(0, 'second');
  const [, seconds, unit] = steps.find(([limit]) => passed < limit) as (typeof steps)[number];
  return format.format(-Math.floor(passed / seconds), unit);
}

/** The variant of the language that the browser is set to: en-GB writes its dates in another way than en-US. */
const ownVariant = (language: string) =>
  typeof navigator === 'undefined'
    ? language
    : (navigator.languages?.find((one) => one.startsWith(language)) ?? language);

/** A time as it was read off a clock. */
export const exact = (time: string, language: string) =>
  new Intl.DateTimeFormat(ownVariant(language), { dateStyle: 'medium', timeStyle: 'medium' }).format(
    new Date(time),
  );

/** A time, relative until it is tapped. */
export function When({ time }: { time: string }) {
  const [isExact, setExact] = useState(false);
  return (
    <button type="button" class="plain when" onClick={() => setExact(!isExact)}>
      <time dateTime={time}>
        {isExact ? exact(time, locale.value) : ago(time, clock.value, locale.value)}
      </time>
    </button>
  );
}

/** How long something took. */
export function duration(ms: number): string {
  if (ms < 950) return `${Math.max(0, Math.round(ms / 100) / 10)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
