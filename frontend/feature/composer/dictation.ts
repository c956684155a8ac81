import { signal } from '@preact/signals';
import { locale } from '../../i18n/messages.ts';
import { isMounted } from '../../ui/mounted.ts';

type Result = { isFinal: boolean; 0: { transcript: string } };
type Recognition = {
  lang: string;
  continuous: boolean;
  interimResults: boolean;
  onresult: ((event: { resultIndex: number; results: ArrayLike<Result> }) => void) | null;
  onend: (() => void) | null;
  start(): void;
  stop(): void;
};

type Maker = new () => Recognition;

const maker = (): Maker | undefined => {
  const known = globalThis as { SpeechRecognition?: Maker; webkitSpeechRecognition?: Maker };
  return known.SpeechRecognition ?? known.webkitSpeechRecognition;
};

export const canDictate = (): boolean => isMounted.value && maker() !== undefined;

export const isListening = signal(false);

let current: Recognition | null = null;

/** Listens, and gives what was said as it becomes sure; called again it stops. */
export function dictate(take: (text: string) => void): void {
  if (current) {
    current.stop();
    return;
  }
  const Made = maker();
  if (!Made) return;
  const own = new Made();
  current = own;
  own.lang = locale.value;
  own.continuous = true;
  own.interimResults = false;
  own.onresult = ({ resultIndex, results }) => {
    for (const result of Array.from(results).slice(resultIndex))
      if (result.isFinal) take(result[0].transcript.trim());
  };
  own.onend = () => {
    current = null;
    isListening.value = false;
  };
  isListening.value = true;
  own.start();
}
