import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** What is nearer to what is seen than this is drawn. */
const margin = '1500px 0px';

/**
 * Rows that are drawn only near to what is seen; far away stands a box of the height that they had. A long
 * conversation costs no more to scroll than a short one, and nothing jumps.
 */
export function Window({ children, isPinned }: { children: () => ComponentChildren /** Always drawn: it changes. */; isPinned: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState<number | null>(null);

  useLayoutEffect(() => {
    const own = box.current;
    if (!own || isPinned) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (!entry) return;
        if (entry.isIntersecting) setHeight(null);
        else if (entry.boundingClientRect.height > 0) setHeight(entry.boundingClientRect.height);
      },
      { root: own.closest('.messages'), rootMargin: margin },
    );
    observer.observe(own);
    return () => observer.disconnect();
  }, [isPinned]);

  const isFar = height !== null && !isPinned;
  return (
    <div ref={box} class="window" {...(isFar ? { style: { height: `${height}px` } } : {})}>
      {isFar ? null : children()}
    </div>
  );
}
