import { computed } from '@preact/signals';
import { changes as de } from './de/changes.ts';
import { changes as en } from './en/changes.ts';
import { locale, messages } from './messages.ts';

/** The texts of the page with those of what a turn changed, which are loaded with them. */
export const changeMessages = computed(() => ({ ...messages.value, ...(locale.value === 'de' ? de : en) }));
