import { constants } from 'node:os';
import type { RunEnd } from '../agent/port.ts';
import type { LastActivity } from '../transcript/last-activity.ts';
import { findMemoryHints } from '../transcript/out-of-memory.ts';
import { truncateText } from '../transcript/truncate.ts';
import { resolveEndReason } from './end-reason.ts';
import { lastActivityFields, maxLastWords } from './new-record.ts';
import type { SessionRecord } from './port.ts';

/** A shell's exit codes above this one are 128 plus the signal that ended the process. */
const maxExitCode = 128;

/** How a run ended. */
export type RunOutcome = { end: RunEnd; isStopped: boolean };

/** How the record of a headless session describes its end. */
export function describeHeadlessEnd(
  outcome: RunOutcome | null,
  activity: LastActivity | null,
  at: string,
): Partial<SessionRecord> {
  const exit = outcome?.end.kind === 'failure' ? outcome.end.exit : undefined;
  const signal = exit?.signal ? constants.signals[exit.signal as NodeJS.Signals] : null;
  const answer = outcome?.end.kind === 'answer' ? outcome.end : null;
  return {
    ended_at: at,
    reason: resolveReason(outcome, activity, signal),
    exit_code: answer ? 0 : (exit?.code ?? null),
    signal,
    ...lastActivityFields(activity),
    ...(answer ? { last_words: truncateText(answer.response, maxLastWords).text } : {}),
  };
}

function resolveReason(
  outcome: RunOutcome | null,
  activity: LastActivity | null,
  signal: number | null,
): SessionRecord['reason'] {
  const facts = { endedByUs: null, activity, signal };
  if (!outcome) return resolveEndReason({ ...facts, tail: activity && '', exitCode: null });
  if (outcome.end.kind === 'answer') return 'clean_exit';
  const { code, detail, exit } = outcome.end;
  // The process lives: somebody denied a request and thereby stopped the turn.
  if (outcome.isStopped || (code === 'agent_killed' && !exit)) return 'interrupted';
  const isKilled = signal !== null || (exit?.code ?? 0) > maxExitCode;
  return isKilled || findMemoryHints(detail).length
    ? resolveEndReason({ ...facts, tail: detail, exitCode: exit?.code ?? null })
    : 'failed';
}
