import { onAbort } from '../../util/abort-signal.ts';
import { type AwakeTimer, startAwakeTimer } from '../../util/awake-timer.ts';

/** A time limit that can be paused. */
export type PausableTimeout = {
  /** Pauses the time until the returned function is called. */
  pause(): () => void;
  /** Pauses the time until `signal` is aborted. */
  pauseUntil(signal: AbortSignal): void;
  dispose(): void;
};

/** Calls `onEnd` after `ms` without pauses. Time in which the machine slept does not count. */
export function createPausableTimeout(ms: number, onEnd: () => void): PausableTimeout {
  let left = ms;
  let pauses = 0;
  let timer: AwakeTimer | null = startAwakeTimer(left, onEnd);

  function pause(): () => void {
    pauses += 1;
    if (timer) {
      left = timer.stop();
      timer = null;
    }
    let isPaused = true;
    return () => {
      if (!isPaused) return;
      isPaused = false;
      pauses -= 1;
      if (pauses) return;
      timer = startAwakeTimer(left, onEnd);
    };
  }

  return {
    pause,
    pauseUntil: (signal) => onAbort(signal, pause()),
    dispose() {
      // A pause without an end: whatever resumes later starts no timer.
      pauses += 1;
      timer?.stop();
      timer = null;
    },
  };
}
