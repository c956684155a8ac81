import { renderToString } from 'preact-render-to-string';
import type { Boot } from '../contract/boot.ts';
import { App } from './app.tsx';
import { PromptCard } from './feature/prompt/prompt-card.tsx';
import { PromptCard as LazyPromptCard } from './feature/prompt/prompts.tsx';
import { de } from './i18n/de/common.ts';
import { en } from './i18n/en/common.ts';
import { locale, messages } from './i18n/messages.ts';
import { applyBoot } from './state/start.ts';
import { takeBlocks } from './ui/markdown.tsx';
import { MarkdownBlocks } from './ui/markdown-blocks.tsx';
import { countSigns } from './ui/sign.ts';

/** With more signs in all its texts a screen would take longer than 50 ms to draw: the browser draws the rest of them. */
const maxSigns = 4000;
let signsLeft = 0;

/** If time is short, a text is sent as it was written, and the browser draws it. */
function Drawn({ text }: { text: string }) {
  signsLeft -= countSigns(text);
  return signsLeft < 0 ? <div class="markdown written">{text}</div> : <MarkdownBlocks text={text} />;
}

takeBlocks(Drawn);
LazyPromptCard.provide(PromptCard);

/** The first screen as HTML. It is drawn in one go, so that the state of one request never meets that of another. */
export function renderPage(boot: Boot): string {
  messages.value = boot.language === 'de' ? de : en;
  locale.value = boot.language === 'de' ? 'de' : 'en';
  applyBoot(boot, boot.path);
  signsLeft = maxSigns;
  return renderToString(<App />);
}
