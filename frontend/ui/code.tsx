import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { toCodePieces } from './code-pieces.ts';
import { Copy } from './copy.tsx';
import { useHead } from './long-text.tsx';
import { takeTurn } from './take-turn.ts';

type Highlight = (text: string, language: string) => ComponentChildren | null;

/** A block of code that scrolls on its own, with a button that copies it. Its colours come later, in a browser only. */
export function Code({ text, language }: { text: string; language: string }) {
  const [shown, more] = useHead(text);
  const colours = useColours(shown, language);
  return (
    <div class="code">
      <div class="code-head">
        <span>{language}</span>
        <Copy text={text} />
      </div>
      <pre tabIndex={0} dir="ltr">
        <code>
          {colours
            ? toCodePieces(shown).map((piece, index) =>
                piece.isColoured ? (
                  <Coloured key={index} text={piece.text} language={language} highlight={colours} />
                ) : (
                  piece.text
                ),
              )
            : shown}
        </code>
        {more}
      </pre>
    </div>
  );
}

/** What colours a text, when it is loaded and the text has stopped growing: each letter would be a new colouring. */
function useColours(text: string, language: string): Highlight | null {
  const [found, setFound] = useState<{ of: string; highlight: Highlight } | null>(null);
  useEffect(() => {
    if (!language) return;
    let isWanted = true;
    const timer = setTimeout(async () => {
      const loaded = await import('./highlight.ts').catch(() => null); // Without colours it is read as well.
      if (isWanted && loaded) setFound({ of: text, highlight: loaded.highlight });
    }, 120);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [text, language]);
  return found?.of === text ? found.highlight : null;
}

/** A piece of code. It is highlighted in a separate task, so that input is handled between two of them. */
function Coloured({ text, language, highlight }: { text: string; language: string; highlight: Highlight }) {
  const [nodes, setNodes] = useState<{ of: string; nodes: ComponentChildren } | null>(null);
  useEffect(
    () => takeTurn(() => setNodes({ of: text, nodes: highlight(text, language) ?? text })),
    [text, language],
  );
  return <>{nodes?.of === text ? nodes.nodes : text}</>;
}
