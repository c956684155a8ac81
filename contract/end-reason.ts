import { z } from 'zod';

/**
 * Why a session ended. `killed`: somebody ended it here; `replaced`: a newer session took its terminal;
 * `failed`: the model could not be reached, or refused; `abrupt`: it did not exit cleanly (killed from outside,
 * a crash, a shutdown); `missing_log`: as abrupt, and no log is left.
 */
export const EndReason = z.enum([
  'clean_exit',
  'killed',
  'replaced',
  'interrupted',
  'tool_crash',
  'out_of_memory',
  'failed',
  'abrupt',
  'missing_log',
  'not_started',
]);
export type EndReason = z.infer<typeof EndReason>;

/**
 * What the transcript of a session says about its end, which the CLI may have written under any program. The names that
 * `EndReason` shares mean the same; `answered` and `tool_failed` are what a record calls `clean_exit` and `tool_crash`
 * if it also knows how the process ended.
 */
export const DiagnosisReason = z.enum([
  'live',
  'answered',
  'interrupted',
  'out_of_memory',
  'tool_failed',
  'in_a_tool',
  'unanswered',
  'failed',
  'empty',
]);
export type DiagnosisReason = z.infer<typeof DiagnosisReason>;
