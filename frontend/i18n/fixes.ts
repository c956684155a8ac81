import { computed } from '@preact/signals';
import { fixes as de } from './de/fixes.ts';
import { fixes as en } from './en/fixes.ts';
import { locale } from './messages.ts';

/** What to do about errors, which is loaded with the first error: the first load of the page does without it. */
export const fixes = computed((): Readonly<Record<string, string>> => (locale.value === 'de' ? de : en));
