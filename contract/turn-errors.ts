import type { ErrorCode } from './error.ts';

/** Why a message may be refused. */
export const acceptErrors = [
  'project_not_found',
  'project_not_allowed',
  'project_mismatch',
  'session_not_found',
  'message_too_large',
  'command_refused',
  'attachment_refused',
  'attachment_too_large',
  'budget_reached',
  'idempotency_mismatch',
  'queue_full',
  'shutting_down',
] as const satisfies readonly ErrorCode[];

/** How a turn can end without an answer. */
export const endErrors = [
  'agent_failed',
  'agent_killed',
  'agent_limit_reached',
  'agent_not_found',
  'agent_stalled',
  'attachment_lost',
  'background_busy',
  'model_overloaded',
  'model_rate_limited',
  'model_unavailable',
  'model_unreachable',
  'not_logged_in',
  'prompt_too_long',
  'session_busy',
  'turn_cancelled',
  'turn_interrupted',
  'turn_timed_out',
] as const satisfies readonly ErrorCode[];
