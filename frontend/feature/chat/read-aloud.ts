import { signal } from '@preact/signals';
import { locale } from '../../i18n/messages.ts';
import { isMounted } from '../../ui/mounted.ts';

/** The text that is being read aloud. */
export const isSpeaking = signal<string | null>(null);

export const canSpeak = (): boolean => isMounted.value && typeof speechSynthesis !== 'undefined';

/** What of a Markdown text is worth hearing: no code, no addresses, no signs. */
export function toSpeech(markdown: string): string {
  return markdown
    .replaceAll(/^```[\s\S]*?^```/gm, ' … ')
    .replaceAll(/!?\[([^[\]]*)\]\([^()]*\)/g, '$1')
    .replaceAll(/[*_`#>|~]/g, '')
    .replaceAll(/https?:\/\/\S+/g, '');
}

/** Reads a text aloud, or stops if it is being read. */
export function speakText(text: string): void {
  speechSynthesis.cancel();
  if (isSpeaking.value === text) {
    isSpeaking.value = null;
    return;
  }
  const spoken = new SpeechSynthesisUtterance(toSpeech(text));
  spoken.lang = locale.value;
  spoken.onend = () => {
    if (isSpeaking.value === text) isSpeaking.value = null;
  };
  isSpeaking.value = text;
  speechSynthesis.speak(spoken);
}
