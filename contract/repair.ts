import { z } from 'zod';

/** A part of a session that a resume does not follow. */
export const LostBranch = z.object({
  messages: z.number().int().describe('what was said in it, by either side'),
  first: z.string(),
  last: z.string(),
  at: z.string().nullable(),
  why: z
    .enum(['two_writers', 'rewound', 'cut'])
    .describe(
      'two processes wrote at a time; somebody went back and said something else; or the line that led to it is cut',
    ),
});
export type LostBranch = z.infer<typeof LostBranch>;

/** What is wrong with a transcript, and what was repaired in a copy of it. */
export const Repair = z.object({
  id: z.string(),
  sound: z.boolean().describe('nothing is wrong with it'),
  cut_lines: z.array(z.object({ line: z.number().int(), bytes: z.number().int(), start: z.string() })),
  lost_branches: z.array(LostBranch),
  open_calls: z
    .array(z.object({ tool: z.string(), command: z.string().nullable() }))
    .describe('tool calls without a result'),
  loses: z.array(z.string()).describe('what a resume of the session as it is would lose, as sentences'),
  mends: z.array(z.string()).describe('what the copy has and the original lacks, as sentences'),
  copy: z
    .object({ session_id: z.string(), project: z.string() })
    .nullable()
    .describe('the repaired session; the original is unchanged'),
});
export type Repair = z.infer<typeof Repair>;
