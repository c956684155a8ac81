import { useState } from 'preact/hooks';
import { messages } from '../i18n/messages.ts';
import { Icon } from './icon.tsx';

const shownMs = 1500;

/** Copies a text, and says that it did. */
export function Copy({ text, label }: { text: string; label?: string }) {
  const [isDone, setDone] = useState(false);
  async function copy(): Promise<void> {
    await copyText(text);
    setDone(true);
    setTimeout(() => setDone(false), shownMs);
  }
  return (
    <button
      type="button"
      class="plain copy"
      onClick={() => void copy()}
      aria-label={label ?? messages.value.copy}
    >
      <Icon name={isDone ? 'check' : 'copy'} />
      <span role="status" class="unseen">
        {isDone ? messages.value.copied : ''}
      </span>
    </button>
  );
}

/** The clipboard is there on https and localhost alone; elsewhere the old way does. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const box = document.createElement('textarea');
  box.value = text;
  document.body.append(box);
  box.select();
  document.execCommand('copy');
  box.remove();
}
