import { partRetryMs } from '../part-retry.ts';
import { en } from './en.ts';
import { locale, words } from './words.ts';

/** Changes the language; German is loaded first. Until that succeeds, English is better than nothing. */
export async function speak(language: string): Promise<void> {
  const loaded = language === 'de' ? await import('./de.ts').catch(() => null) : { de: en };
  if (!loaded) setTimeout(() => void speak(language), partRetryMs);
  words.value = loaded?.de ?? en;
  locale.value = loaded && language === 'de' ? 'de' : 'en';
}
