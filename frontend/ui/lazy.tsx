import { type ComponentType, h } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** A component that is loaded when it is first shown; nothing stands there until then. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [, redraw] = useState(0);
    useEffect(() => {
      if (loaded) return;
      let isThere = true;
      load().then(
        (found) => {
          loaded = found;
          if (isThere) redraw((count) => count + 1);
        },
        () => {}, // Without a connection, and never opened before: it is tried again when it is shown again.
      );
      return () => {
        isThere = false;
      };
    }, []);
    return loaded ? h(loaded, props) : null;
  };
}
