import { z } from 'zod';

/** A file that a turn changed. `now`: as the turn left it, as it was before (undone), or neither. */
export const ChangedFile = z.object({
  path: z.string().describe('from the top of the work tree'),
  status: z.enum(['added', 'modified', 'deleted']),
  added: z.number().int().nullable().describe('lines; null for a binary file'),
  removed: z.number().int().nullable(),
  now: z.enum(['as_left', 'undone', 'changed_since']),
});

/** What a turn changed in its git work tree, whoever did it meanwhile. */
export const TurnChanges = z.object({
  turn_id: z.string(),
  top: z.string().describe('the top of the work tree'),
  files: z.array(ChangedFile),
  diff: z.string().describe('as git prints it; of much at most 400,000 characters'),
  clipped: z.boolean(),
});
export type TurnChanges = z.infer<typeof TurnChanges>;

export const UndoTurn = z.object({
  files: z
    .array(z.string().min(1).max(4096))
    .min(1)
    .max(10_000)
    .nullish()
    .describe('only these; default: all'),
  redo: z.boolean().nullish().describe('redo'),
});

export const Undone = z.object({
  turn_id: z.string(),
  files: z.array(z.string()).describe('what was put back'),
});
