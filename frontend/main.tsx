import { hydrate, render } from 'preact';
import type { Boot } from '../contract/boot.ts';
import { App } from './app.tsx';
import { keepDrafts } from './feature/composer/draft.ts';
import { fitToKeyboard } from './keyboard.ts';
import { loadPrefs, prefs } from './state/prefs.ts';
import { startPage, takeBoot, takeSaved } from './state/start.ts';
import './style/base.css';
import { startClock } from './ui/when.tsx';
import { locale, speak } from './word/words.ts';

/** Draws the page: over what the server has drawn already, or from this phone's own store. */
async function start(root: HTMLElement): Promise<void> {
  loadPrefs();
  const data = document.getElementById('boot')?.textContent;
  const boot: Boot | null = data ? JSON.parse(data) : null;
  await speak(boot?.language ?? prefs.value.language ?? navigator.language.slice(0, 2));
  document.documentElement.lang = locale.value;
  if (boot) takeBoot(boot, location.pathname);
  else await takeSaved();
  document.documentElement.dataset['theme'] = prefs.value.theme;
  document.documentElement.dataset['size'] = prefs.value.size;
  if (boot && root.firstChild) hydrate(<App />, root);
  else render(<App />, root);
  startClock();
  fitToKeyboard();
  keepDrafts();
  startPage(boot);
  // Only on https and on this machine itself there is one.
  navigator.serviceWorker?.register('/sw.js').catch(() => {}); // Without it the page works, but not without a connection.
}

const root = document.getElementById('app');
if (root) void start(root);
