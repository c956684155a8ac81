/** A time limit that stands still while it is held. */
export type Clock = {
  /** Stops the time until what it gives is called. */
  hold(): () => void;
  dispose(): void;
};

/** Calls `onEnd` after `ms` in which nothing held the clock. */
export function createClock(ms: number, onEnd: () => void): Clock {
  let left = ms;
  let holds = 0;
  let since = performance.now();
  let timer: NodeJS.Timeout | null = setTimeout(onEnd, left);
  return {
    hold() {
      holds += 1;
      if (timer) {
        clearTimeout(timer);
        timer = null;
        left -= performance.now() - since;
      }
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        holds -= 1;
        if (holds) return;
        since = performance.now();
        timer = setTimeout(onEnd, Math.max(left, 0));
      };
    },
    dispose() {
      // Whatever is still held is never let go again.
      holds += 1;
      if (timer) clearTimeout(timer);
      timer = null;
    },
  };
}
