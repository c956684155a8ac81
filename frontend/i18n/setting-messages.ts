import { computed } from '@preact/signals';
import { settings as de } from './de/settings.ts';
import { settings as en } from './en/settings.ts';
import { locale, messages } from './messages.ts';

/** The texts of the page with those of the settings. */
export const settingMessages = computed(() => ({
  ...messages.value,
  ...(locale.value === 'de' ? de : en),
}));
