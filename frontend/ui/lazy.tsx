import { type ComponentChild, type ComponentType, h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { words } from '../word/words.ts';

type Lazy<P> = ((props: P) => ComponentChild) & {
  /** Gives it the component at once: the server draws it like any other. */
  take(component: ComponentType<P>): void;
  /** Loads it before it is shown. Rejects if it cannot be had. */
  preload(): Promise<void>;
};

const againMs = 4000;

/** A component that is loaded when it is first shown. If that fails, it says so, and tries again until it succeeds. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): Lazy<P> {
  let loaded: ComponentType<P> | null = null;
  const take = (component: ComponentType<P>) => {
    loaded = component;
  };
  function Lazy(props: P) {
    const [tries, setTries] = useState(0);
    const [hasFailed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded) return;
      let isThere = true;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const again = () => setTries((count) => count + 1);
      load().then(
        (component) => {
          take(component);
          if (isThere) setFailed(false);
          if (isThere) again();
        },
        () => {
          if (!isThere) return;
          setFailed(true);
          timer = setTimeout(again, againMs);
        },
      );
      addEventListener('online', again);
      return () => {
        isThere = false;
        clearTimeout(timer);
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
  }
  return Object.assign(Lazy, { take, preload: async () => take(await load()) });
}
