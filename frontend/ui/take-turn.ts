/** What waits for its turn: each gets a task of its own, so that what a person does comes between. */
const waiting = new Set<() => void>();

function next(): void {
  const [first] = waiting;
  if (!first) return;
  waiting.delete(first);
  if (waiting.size) setTimeout(next);
  first();
}

/** Has something done in a task of its own, after all that came before. Gives what withdraws it. */
export function takeTurn(work: () => void): () => void {
  const own = () => work();
  waiting.add(own);
  if (waiting.size === 1) setTimeout(next);
  return () => {
    waiting.delete(own);
  };
}
