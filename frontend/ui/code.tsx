import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Copy } from './copy.tsx';

/** More than this is not coloured: it would take longer than a frame. */
const maxColoured = 30_000;

/** A block of code that scrolls by itself, with a button that copies it. Its colours come later, where they are known. */
export function Code({ text, language }: { text: string; language: string }) {
  const [coloured, setColoured] = useState<{ of: string; nodes: ComponentChildren } | null>(null);
  useEffect(() => {
    if (!language || text.length > maxColoured) return;
    let isWanted = true;
    // It is still being written: each letter would be a new colouring.
    const timer = setTimeout(async () => {
      const { highlight } = await import('./highlight.ts').catch(() => ({ highlight: () => null })); // Without colours it is read as well.
      const nodes = highlight(text, language);
      if (isWanted && nodes) setColoured({ of: text, nodes });
    }, 120);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [text, language]);
  return (
    <div class="code">
      <div class="code-head">
        <span>{language}</span>
        <Copy text={text} />
      </div>
      <pre tabIndex={0} dir="ltr">
        <code>{coloured?.of === text ? coloured.nodes : text}</code>
      </pre>
    </div>
  );
}
