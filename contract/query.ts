import { z } from 'zod';

/** A query parameter that is a whole number. */
export const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

export const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');

/** Several words of a kind in one query parameter, separated by commas. */
export const list = <W extends string>(one: z.ZodType<W, W>) =>
  z
    .string()
    .max(500)
    .transform((text) => text.split(',').filter(Boolean) as W[])
    .pipe(z.array(one).min(1));
