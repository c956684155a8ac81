import type { Usage } from './model.ts';

/** USD per million tokens: what the tests of budgets count with. */
const inputPrice = 4;
const outputPrice = 20;

export const contextWindow = 200_000;

export const costOf = ({ input_tokens, output_tokens }: Usage): number =>
  (input_tokens * inputPrice + output_tokens * outputPrice) / 1_000_000;
