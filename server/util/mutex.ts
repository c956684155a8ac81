/** Runs the tasks of one key strictly one after the other, in the order of the calls. */
export function createMutex(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return function inTurn(key, work) {
    const result = (tails.get(key) ?? Promise.resolve()).then(work);
    const tail = result.catch(() => {}); // The caller gets the error; the queue continues either way.
    tails.set(key, tail);
    void tail.then(() => {
      if (tails.get(key) === tail) tails.delete(key);
    });
    return result;
  };
}
