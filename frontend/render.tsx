import { renderToString } from 'preact-render-to-string';
import type { Boot } from '../contract/boot.ts';
import { App } from './app.tsx';
import { takeBoot } from './state/start.ts';
import { takeBlocks } from './ui/markdown.tsx';
import { MarkdownBlocks } from './ui/markdown-blocks.tsx';
import { de } from './word/de.ts';
import { en } from './word/en.ts';
import { locale, words } from './word/words.ts';

takeBlocks(MarkdownBlocks);

/** The first screen as HTML. It is drawn in one go, so that the state of one request never meets that of another. */
export function renderPage(boot: Boot): string {
  words.value = boot.language === 'de' ? de : en;
  locale.value = boot.language === 'de' ? 'de' : 'en';
  takeBoot(boot, boot.path);
  return renderToString(<App />);
}
