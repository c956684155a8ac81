import { type AwakeTimer, startAwakeTimer } from '../../util/awake-timer.ts';

/** A time limit that stands still while it is held. */
export type PausableTimeout = {
  /** Stops the time until what it gives is called. */
  pause(): () => void;
  dispose(): void;
};

/** Calls `onEnd` after `ms` in which nothing held the clock. Time in which the machine slept does not count. */
export function createPausableTimeout(ms: number, onEnd: () => void): PausableTimeout {
  let left = ms;
  let holds = 0;
  let timer: AwakeTimer | null = startAwakeTimer(left, onEnd);
  return {
    pause() {
      holds += 1;
      if (timer) {
        left = timer.stop();
        timer = null;
      }
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        holds -= 1;
        if (holds) return;
        timer = startAwakeTimer(left, onEnd);
      };
    },
    dispose() {
      // Whatever is still held is never let go again.
      holds += 1;
      timer?.stop();
      timer = null;
    },
  };
}
