/** A row of the table: what was measured beside its floor in the same run, and what it should be. */
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

export const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/** How long `work` takes, in ms. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Times of two things that were measured in turn, in ms. */
export type Pairs = readonly (readonly [ours: number, floor: number])[];

/** Times two things in turn, so that a machine whose speed drifts slows both; the first round is not counted. */
export async function inTurn(
  rounds: number,
  ours: () => Promise<number>,
  floor: () => Promise<number>,
): Promise<Pairs> {
  const pairs: [number, number][] = [];
  for (let round = 0; round <= rounds; round += 1) pairs.push([await ours(), await floor()]);
  return pairs.slice(1);
}

/** The medians of both, and of the ratio pair by pair. */
export function medians(pairs: Pairs): { ours: number; floor: number; ratio: number } {
  return {
    ours: median(pairs.map(([ours]) => ours)),
    floor: median(pairs.map(([, floor]) => floor)),
    ratio: median(pairs.map(([ours, floor]) => ours / floor)),
  };
}

/** A figure that may be `most` times its floor, and `slackMs` more. */
export function compare(
  name: string,
  pairs: Pairs,
  { most, slackMs = 0 }: { most: number; slackMs?: number },
): Figure {
  const target = `<= ${most.toFixed(2)} x${slackMs ? ` + ${slackMs} ms` : ''}`;
  const { ours, floor, ratio } = medians(pairs);
  const over = median(pairs.map(([value, least]) => value - least * most));
  return { name, value: ms(ours), floor: ms(floor), ratio, target, ok: over <= slackMs };
}
