import { signal } from '@preact/signals';
import { en, type Words } from './en.ts';

export const words = signal<Words>(en);
export const locale = signal('en');

export const languages = { en: 'English', de: 'Deutsch' } as const;

/** Changes the language; another one than English is loaded first. */
export async function speak(language: string): Promise<void> {
  if (language === 'de') {
    const { de } = await import('./de.ts');
    words.value = de;
    locale.value = 'de';
  } else {
    words.value = en;
    locale.value = 'en';
  }
}
