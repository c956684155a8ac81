import { z } from 'zod';
import { EndReason } from './end-reason.ts';

export const Door = z.enum(['terminal', 'headless']);

/** A session that was started here, in a terminal or for messages, and how it ended. */
export const ArchiveRecord = z.object({
  id: z.string(),
  session_id: z.string().describe('the session it had last: /clear gives it another one'),
  door: Door.describe('terminal: one for each terminal; headless: one for all the messages of a session'),
  terminal: z.string().nullable().describe('the name of its terminal'),
  project: z.string(),
  name: z.string().nullable().describe('the name that it was started with, or its conversation'),
  label: z.string().nullable().describe('what a person calls this record'),
  hidden: z.boolean(),
  started_at: z.string(),
  ended_at: z.string().nullable().describe('null while it is live; else when it was last heard of'),
  reason: EndReason.nullable(),
  advice: z.string().nullable(),
  exit_code: z.number().int().nullable(),
  signal: z.number().int().nullable().describe('the signal that ended its process, if known'),
  last_tool: z.string().nullable(),
  last_command: z.string().nullable(),
  last_exit_code: z.number().int().nullable(),
  interrupted: z.boolean(),
  memory_signs: z.array(z.string()).describe('lines of its last output that indicate a lack of memory'),
  last_words: z.string().nullable(),
  log_bytes: z.number().int().describe('the size of the log of its terminal; 0 if there is none'),
});
export type ArchiveRecord = z.infer<typeof ArchiveRecord>;
