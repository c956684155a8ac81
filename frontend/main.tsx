import { hydrate, render } from 'preact';
import type { Boot } from '../contract/boot.ts';
import { App } from './app.tsx';
import { appendDraft, keepDrafts } from './feature/composer/draft.ts';
import { PromptCard } from './feature/prompt/prompts.tsx';
import { fitToKeyboard } from './keyboard.ts';
import { loadPrefs, prefs } from './state/prefs.ts';
import { applyBoot, startPage, takeSaved } from './state/start.ts';
import './style/base.css';
import { loadLanguage } from './i18n/load-language.ts';
import { locale } from './i18n/messages.ts';
import { openId } from './state/thread.ts';
import { loadMarkdown } from './ui/markdown.tsx';
import { isMounted } from './ui/mounted.ts';
import { startClock } from './ui/when.tsx';

/** A connection that stalls must not keep the page from working. */
const cardTimeoutMs = 3000;

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Draws the page: over what the server has drawn already, or from this phone's own store. */
async function start(root: HTMLElement): Promise<void> {
  loadPrefs();
  const data = document.getElementById('boot')?.textContent;
  const boot: Boot | null = data ? JSON.parse(data) : null;
  await loadLanguage(boot?.language ?? prefs.value.language ?? navigator.language.slice(0, 2));
  document.documentElement.lang = locale.value;
  if (boot) applyBoot(boot, location.pathname);
  else await takeSaved();
  document.documentElement.dataset['theme'] = prefs.value.theme;
  document.documentElement.dataset['size'] = prefs.value.size;
  const own = prefs.value;
  let early: string | null;
  if (boot && root.firstChild) {
    // Without its code a drawn card would vanish, and with it the button that was pressed. The rest of the page must not wait long.
    if (root.querySelector('.prompt'))
      await Promise.race([PromptCard.preload().catch(() => {}), delay(cardTimeoutMs)]);
    early = takeEarlyText(root);
    // The server knows nothing of the quiet view: see isMounted.
    prefs.value = { ...own, quiet: false };
    hydrate(<App />, root);
  } else {
    await loadMarkdown();
    early = takeEarlyText(root);
    render(<App />, root);
  }
  prefs.value = own;
  isMounted.value = true;
  if (early) appendDraft(openId.value, early);
  pressEarly();
  startClock();
  fitToKeyboard();
  keepDrafts();
  startPage(boot);
  void loadMarkdown();
  // Only on https and on this machine itself there is one.
  navigator.serviceWorker?.register('/sw.js').catch(() => {}); // Without it the page works, but not without a connection.
}

/** What was typed into the drawn page before its script was there; nothing may be typed between this and the drawing. */
function takeEarlyText(root: HTMLElement): string | null {
  const box = root.querySelector<HTMLTextAreaElement>('.composer textarea');
  const early = box?.value || sessionStorage.getItem('early');
  sessionStorage.removeItem('early');
  return early;
}

type Early = { early?: HTMLElement[]; noteEarly?: (event: MouseEvent) => void };

/** Presses what was pressed in the drawn page, whose first lines noted it, before its script was there. */
function pressEarly(): void {
  const { early = [], noteEarly } = window as Early;
  if (noteEarly) removeEventListener('click', noteEarly, true);
  for (const button of early) if (button.isConnected) button.click();
}

const root = document.getElementById('app');
if (root) void start(root);
