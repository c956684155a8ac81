/** Work that waits: each piece gets a separate task, so that input is handled between two of them. */
const waiting = new Set<() => void>();

function next(): void {
  const [first] = waiting;
  if (!first) return;
  waiting.delete(first);
  if (waiting.size) setTimeout(next);
  first();
}

/** Runs work in a separate task, after all that was queued before. Returns a function that cancels it. */
export function takeTurn(work: () => void): () => void {
  const own = () => work();
  waiting.add(own);
  if (waiting.size === 1) setTimeout(next);
  return () => {
    waiting.delete(own);
  };
}
