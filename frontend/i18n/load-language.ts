import { partRetryMs } from '../part-retry.ts';
import { en } from './en/common.ts';
import { locale, messages } from './messages.ts';

/** Changes the language; German is loaded first. Until that succeeds, English is better than nothing. */
export async function loadLanguage(language: string): Promise<void> {
  const loaded = language === 'de' ? await import('./de/common.ts').catch(() => null) : { de: en };
  if (!loaded) setTimeout(() => void loadLanguage(language), partRetryMs);
  messages.value = loaded?.de ?? en;
  locale.value = loaded && language === 'de' ? 'de' : 'en';
}
