import { z } from 'zod';
import { ConvId } from './common.ts';

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

/** A field that may be left out; null is the same, since many clients send that. */
export const optional = <S extends z.ZodType>(schema: S) =>
  schema.nullish().transform((value) => value ?? undefined);

/** The address of a conversation. */
export const ConvParams = z.object({ id: ConvId });
