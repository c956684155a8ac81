import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { messages } from '../i18n/messages.ts';
import { type Head, headOf } from './head-of.ts';
import './cut.css';

/** What is drawn of a text at first, and a button that draws all of it if that is less. */
export function useHead(text: string): [shown: string, more: ComponentChildren] {
  const [isWhole, setWhole] = useState(false);
  const found = isWhole ? null : headOf(text);
  if (!found) return [text, null];
  return [found.head, <More key="more" left={found} onClick={() => setWhole(true)} />];
}

/** A text of which no more is drawn at first than fits into a frame. */
export function LongText({ text }: { text: string }) {
  const [shown, more] = useHead(text);
  return (
    <>
      {shown}
      {more}
    </>
  );
}

function More({ left: { lines, characters }, onClick }: { left: Head; onClick(): void }) {
  const t = messages.value;
  return (
    <button type="button" class="cut" onClick={onClick}>
      {lines > 0 ? t.moreLines(lines) : t.moreCharacters(characters)} – {t.showAll}
    </button>
  );
}
