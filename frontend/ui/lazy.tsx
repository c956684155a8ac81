import { type ComponentChild, type ComponentType, h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { messages } from '../i18n/messages.ts';
import { partRetryMs } from '../part-retry.ts';

type Lazy<P> = ((props: P) => ComponentChild) & {
  /** Sets the component without loading it: the server draws it like any other. */
  provide(component: ComponentType<P>): void;
  /** Loads the component before it is shown. Rejects if that fails. */
  preload(): Promise<void>;
};

/** A component that is loaded when it is first shown. If that fails, it says so, and tries again until it succeeds. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): Lazy<P> {
  let loaded: ComponentType<P> | null = null;
  const provide = (component: ComponentType<P>) => {
    loaded = component;
  };
  function Lazy(props: P) {
    const [tries, setTries] = useState(0);
    const [hasFailed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded) return;
      let isShown = true;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const retry = () => setTries((count) => count + 1);
      load().then(
        (component) => {
          provide(component);
          if (isShown) setFailed(false);
          if (isShown) retry();
        },
        () => {
          if (!isShown) return;
          setFailed(true);
          timer = setTimeout(retry, partRetryMs);
        },
      );
      addEventListener('online', retry);
      return () => {
        isShown = false;
        clearTimeout(timer);
        removeEventListener('online', retry);
      };
    }, [tries]);
    if (loaded) return h(loaded, props);
    if (!hasFailed) return null;
    return (
      <p class="line" role="status">
        {messages.value.partMissing}
        <button type="button" onClick={() => setTries(tries + 1)}>
          {messages.value.readAgain}
        </button>
      </p>
    );
  }
  return Object.assign(Lazy, { provide, preload: async () => provide(await load()) });
}
