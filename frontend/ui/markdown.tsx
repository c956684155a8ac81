import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { partRetryMs } from '../part-retry.ts';
import { LongText } from './long-text.tsx';
import { isMounted } from './mounted.ts';
import { countSigns } from './sign.ts';
import { takeTurn } from './take-turn.ts';
import './markdown.css';

type Blocks = ComponentType<{ text: string }>;

/** What reads Markdown, once it is there: with 15 KB it is the largest part of the page, and the server has drawn the first texts. */
const blocks = signal<Blocks | null>(null);

export function takeBlocks(found: Blocks): void {
  blocks.value = found;
}

/** Has the part that reads Markdown come; without it texts are shown as they were written. */
export async function loadMarkdown(): Promise<void> {
  if (blocks.value) return;
  try {
    takeBlocks((await import('./markdown-blocks.tsx')).MarkdownBlocks);
  } catch {
    setTimeout(() => void loadMarkdown(), partRetryMs);
  }
}

/**
 * A text with more signs or characters takes longer to draw than a frame: it is drawn in a separate task, between which people
 * can press things.
 */
const manySigns = 1000;
const manyCharacters = 50_000;

const isLong = (text: string) => text.length > manyCharacters || countSigns(text) > manySigns;

/** Whether a text may be drawn now. */
function useTurn(text: string, isDrawable: boolean): boolean {
  const [hasTurn, setTurn] = useState(false);
  const waits = !hasTurn && isDrawable && isLong(text);
  useEffect(() => {
    if (waits) return takeTurn(() => setTurn(true));
  }, [waits]);
  return !waits;
}

/** A Markdown text. What the server drew of it stays as it is until it can be read here. */
export function Markdown({ text }: { text: string }) {
  const drawn = useRef(isMounted.peek() ? null : text);
  const Found = blocks.value;
  const hasTurn = useTurn(text, Found !== null && isMounted.value);
  if (Found && hasTurn) return <Found text={text} />;
  if (drawn.current !== text) {
    return (
      <p class="markdown written">
        <LongText text={text} />
      </p>
    );
  }
  // When Preact takes over a drawn page this has it leave alone what is inside; the empty text is never drawn.
  return <div class="markdown" dangerouslySetInnerHTML={{ __html: '' }} />;
}
