import { setTimeout as delay } from 'node:timers/promises';

/** A row of the table: a value, its floor measured in the same run, and the target. */
export type Figure = {
  name: string;
  value: string;
  floor: string;
  ratio: number | null;
  target: string;
  ok: boolean;
};

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export const formatMs = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/** The duration of `work` in ms. */
export async function measureTime(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Alternating measurements of ours and of the floor, in ms. */
export type Pairs = readonly (readonly [ours: number, floor: number])[];

/**
 * Measures both alternately, so that a drift in the machine's speed affects both. The first round is not counted.
 */
export async function measureInTurn(
  rounds: number,
  ours: () => Promise<number>,
  floor: () => Promise<number>,
): Promise<Pairs> {
  const pairs: [number, number][] = [];
  for (let round = 0; round <= rounds; round += 1) pairs.push([await ours(), await floor()]);
  return pairs.slice(1);
}

/** The medians of both, and the median of the ratios of the pairs. */
export function summarizePairs(pairs: Pairs): { ours: number; floor: number; ratio: number } {
  return {
    ours: median(pairs.map(([ours]) => ours)),
    floor: median(pairs.map(([, floor]) => floor)),
    ratio: median(pairs.map(([ours, floor]) => ours / floor)),
  };
}

/** A figure that may be `maxRatio` times its floor, plus `slackMs`. */
export function compareWithFloor(
  name: string,
  pairs: Pairs,
  { maxRatio, slackMs = 0 }: { maxRatio: number; slackMs?: number },
): Figure {
  const target = `<= ${maxRatio.toFixed(2)} x${slackMs ? ` + ${slackMs} ms` : ''}`;
  const { ours, floor, ratio } = summarizePairs(pairs);
  const excess = median(pairs.map(([value, least]) => value - least * maxRatio));
  return { name, value: formatMs(ours), floor: formatMs(floor), ratio, target, ok: excess <= slackMs };
}

/** A figure with a fixed limit; the floor is for information only. */
export function limitFigure(
  name: string,
  value: string,
  target: string,
  ok: boolean,
  { floor = '', ratio = null }: { floor?: string; ratio?: number | null } = {},
): Figure {
  return { name, value, floor, ratio, target, ok };
}

/** Lets the work that a round leaves behind (a process that writes its last lines) finish. */
export async function settleAfter(pauseMs: number, measure: () => Promise<number>): Promise<number> {
  const duration = await measure();
  await delay(pauseMs);
  return duration;
}
