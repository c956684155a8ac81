import type { LastActivity } from '../transcript/last-activity.ts';
import { findMemoryHints } from '../transcript/out-of-memory.ts';
import type { SessionRecord } from './port.ts';

/** How many characters of the last answer a record keeps. */
export const maxLastWords = 1000;

type NewRecord = Pick<
  SessionRecord,
  | 'id'
  | 'session_id'
  | 'door'
  | 'terminal'
  | 'project'
  | 'name'
  | 'hook_hash'
  | 'started_at'
  | 'pid'
  | 'pidStart'
>;

/** The record of a session that has just started. */
export const newRecord = (fields: NewRecord): SessionRecord => ({
  ...fields,
  label: null,
  hidden: false,
  ended_at: null,
  reason: null,
  exit_code: null,
  signal: null,
  ...lastActivityFields(null),
});

/** What a record keeps of the last activity of its session. */
export const lastActivityFields = (activity: LastActivity | null) => ({
  last_tool: activity?.last_tool ?? null,
  last_command: activity?.last_command ?? null,
  last_exit_code: activity?.last_exit_code ?? null,
  interrupted: activity?.interrupted ?? false,
  memory_signs: findMemoryHints(activity?.last_output ?? ''),
  last_words: activity?.last_words?.slice(-maxLastWords) ?? null,
});
