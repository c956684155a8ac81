/** Ten times the input may cost thirty times the time; quadratic work would cost a hundred times. */
const maxFactor = 30;

/** Below this a time says more about the machine than about the work, so it is added to both sides (ms). */
const floorMs = 4;

export const lengths: readonly number[] = [10_000, 100_000, 1_000_000];

function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const grows = (before: number, ms: number) => ms + floorMs > (before + floorMs) * maxFactor;

/**
 * Describes how work grows faster than allowed; null if it does not. It stops at the first step that is
 * too large.
 * Other programs and the collection of garbage only ever add to a time, so the least of several runs counts.
 */
export function findGrowth(
  name: string,
  make: (length: number) => () => unknown,
  sizes = lengths,
): string | null {
  let before = Number.POSITIVE_INFINITY;
  for (const length of sizes) {
    const work = make(length);
    let ms = cpuMs(work);
    for (let run = 0; run < 3 && grows(before, ms); run += 1) ms = Math.min(ms, cpuMs(work));
    if (grows(before, ms))
      return `${name}: ${ms.toFixed(0)} ms for ${length}, ${before.toFixed(0)} ms for the step before`;
    before = ms;
  }
  return null;
}
