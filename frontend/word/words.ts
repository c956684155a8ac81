import { signal } from '@preact/signals';
import { en, type Words } from './en.ts';

export const words = signal<Words>(en);
export const locale = signal('en');

export const languages = { en: 'English', de: 'Deutsch' } as const;

const againMs = 4000;

/** Changes the language; another one than English is loaded first. */
export async function speak(language: string): Promise<void> {
  const found = language === 'de' ? await import('./de.ts').catch(() => null) : { de: en };
  // Where it cannot be had now, English is better than nothing.
  if (!found) setTimeout(() => void speak(language), againMs);
  words.value = found?.de ?? en;
  locale.value = found ? (language === 'de' ? 'de' : 'en') : 'en';
}
