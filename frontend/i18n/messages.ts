import { signal } from '@preact/signals';
import { en, type Words } from './en/common.ts';

export const messages = signal<Words>(en);
export const locale = signal('en');

export const languages = { en: 'English', de: 'Deutsch' } as const;
