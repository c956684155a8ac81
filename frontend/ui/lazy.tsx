import { type ComponentType, h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { words } from '../word/words.ts';

/** A component that is loaded when it is first shown. Where that fails, it says so, and tries again when there is a connection. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [tries, setTries] = useState(0);
    const [hasFailed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded) return;
      let isThere = true;
      const again = () => setTries((count) => count + 1);
      load().then(
        (found) => {
          loaded = found;
          if (isThere) setFailed(false);
          if (isThere) again();
        },
        () => isThere && setFailed(true),
      );
      addEventListener('online', again);
      return () => {
        isThere = false;
        removeEventListener('online', again);
      };
    }, [tries]);
    if (loaded) return h(loaded, props);
    if (!hasFailed) return null;
    return (
      <p class="line" role="status">
        {words.value.partMissing}
        <button type="button" onClick={() => setTries(tries + 1)}>
          {words.value.readAgain}
        </button>
      </p>
    );
  };
}
