import { computed } from '@preact/signals';
import { deSetting } from './de-setting.ts';
import { enSetting } from './en-setting.ts';
import { locale, words } from './words.ts';

/** The words of the page with those of the settings. */
export const settingWords = computed(() => ({
  ...words.value,
  ...(locale.value === 'de' ? deSetting : enSetting),
}));
