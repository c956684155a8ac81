import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** What is nearer to what is seen than this is drawn. */
const margin = '1200px 0px';

type Note = (entry: IntersectionObserverEntry) => void;

/** One for all rows of a list: with each frame a browser goes through all that there are. */
let shared: { root: Element | null; observer: IntersectionObserver; notes: Map<Element, Note> } | null = null;

function observe(box: Element, note: Note): () => void {
  const root = box.closest('.messages');
  if (shared?.root !== root) {
    shared?.observer.disconnect();
    const notes = new Map<Element, Note>();
    const tell = (entries: readonly IntersectionObserverEntry[]) => {
      for (const entry of entries) notes.get(entry.target)?.(entry);
    };
    const observer = new IntersectionObserver(tell, { root, rootMargin: margin });
    shared = { root, observer, notes };
  }
  const { observer, notes } = shared;
  notes.set(box, note);
  observer.observe(box);
  return () => {
    notes.delete(box);
    observer.unobserve(box);
  };
}

type WindowProps = {
  children: () => ComponentChildren;
  /** Always drawn: it changes. */
  isPinned: boolean;
};

/**
 * Rows that are drawn only near to what is seen; far away stands a box of the height that they had. A long
 * conversation costs no more to scroll than a short one, and nothing jumps.
 */
export function Window({ children, isPinned }: WindowProps) {
  const box = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState<number | null>(null);

  useLayoutEffect(() => {
    const own = box.current;
    if (!own || isPinned) return;
    return observe(own, ({ isIntersecting, boundingClientRect: { height: now } }) => {
      if (isIntersecting) setHeight(null);
      else if (now > 0) setHeight(now);
    });
  }, [isPinned]);

  const isFar = height !== null && !isPinned;
  return (
    <div ref={box} class="window" {...(isFar ? { style: { height: `${height}px` } } : {})}>
      {isFar ? null : children()}
    </div>
  );
}
