import { computed } from '@preact/signals';
import { sessions as de } from './de/sessions.ts';
import { sessions as en } from './en/sessions.ts';
import { locale, messages } from './messages.ts';

/** The texts of the page with those of the sessions, which are loaded with them. */
export const sessionMessages = computed(() => ({ ...messages.value, ...(locale.value === 'de' ? de : en) }));
