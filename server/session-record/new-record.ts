import type { LastActivity } from '../transcript/last-activity.ts';
import { outOfMemoryHints } from './end-reason.ts';
import type { SessionRecord } from './port.ts';

/** Of what was said last so many characters are kept. */
export const maxWords = 1000;

type Begun = Pick<
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

/** The record of a session that has just begun. */
export const newRecord = (begun: Begun): SessionRecord => ({
  ...begun,
  label: null,
  hidden: false,
  ended_at: null,
  reason: null,
  exit_code: null,
  signal: null,
  ...lastActivityFields(null),
});

/** What a record keeps of what its session did last. */
export const lastActivityFields = (deeds: LastActivity | null) => ({
  last_tool: deeds?.last_tool ?? null,
  last_command: deeds?.last_command ?? null,
  last_exit_code: deeds?.last_exit_code ?? null,
  interrupted: deeds?.interrupted ?? false,
  memory_signs: outOfMemoryHints(deeds?.last_output ?? ''),
  last_words: deeds?.last_words?.slice(-maxWords) ?? null,
});
