/**
 * Time is counted in steps of this length: what one step takes longer is time in which nothing could happen.
 */
const stepMs = 1000;

export type AwakeTimer = {
  /** Gives how much was left of its time. */
  stop(): number;
};

/**
 * Calls `onEnd` after `ms` in which this process was awake. While a laptop sleeps, or the process is stopped,
 * nothing can be read: such time says nothing of the other side's silence. What came meanwhile lies in the
 * pipes and is read before `onEnd` is called. A timer of any length works, also one beyond the 24 days of
 * setTimeout.
 */
export function startAwakeTimer(ms: number, onEnd: () => void, { isRef = true } = {}): AwakeTimer {
  let left = Math.max(ms, 0);
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let stepAt = 0;
  let length = 0;

  function step(): void {
    length = Math.min(stepMs, left);
    stepAt = performance.now();
    timer = setTimeout(() => {
      left -= length;
      if (left > 0) step();
      // Node reads its pipes between this and the second of these.
      else setImmediate(() => setImmediate(() => isStopped || onEnd()));
    }, length);
    if (!isRef) timer.unref();
  }

  step();
  return {
    stop() {
      if (!isStopped) left -= Math.min(performance.now() - stepAt, length);
      isStopped = true;
      clearTimeout(timer);
      return Math.max(left, 0);
    },
  };
}

/** As `startAwakeTimer`, as a promise that `stop` leaves open for ever. */
export function awakeDelay(ms: number): { over: Promise<void>; stop(): void } {
  let timer: AwakeTimer | undefined;
  const over = new Promise<void>((resolve) => {
    timer = startAwakeTimer(ms, resolve);
  });
  return { over, stop: () => void timer?.stop() };
}
