import { computed } from '@preact/signals';
import { share as de } from './de/share.ts';
import { share as en } from './en/share.ts';
import { locale } from './messages.ts';

/** Texts of the screen for what another app shares, which are loaded with it. */
export const shareMessages = computed(() => (locale.value === 'de' ? de : en));
