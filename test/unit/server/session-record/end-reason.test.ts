import { expect } from 'vitest';
import { type EndFacts, resolveEndReason } from '../../../../server/session-record/end-reason.ts';
import { type LastActivity, noActivity } from '../../../../server/transcript/last-activity.ts';
import { verifies } from '../../../requirement/verifies.ts';

const left = 'Resume this session with:\nclaude --resume 00000000-0000-4000-8000-000000000000\n';
const facts = (
  known: Partial<Omit<EndFacts, 'activity'>> & { activity?: Partial<LastActivity> | null },
): EndFacts => ({
  endedByUs: null,
  tail: null,
  exitCode: null,
  signal: null,
  ...known,
  activity: known.activity === null ? null : { ...noActivity, ends: 'answer', ...known.activity },
});

verifies('archive.reason', 'names the most certain reason for what is known of an end', () => {
  const table: [string, Parameters<typeof facts>[0]][] = [
    ['clean_exit', { exitCode: 0, tail: left }],
    // Gone with its terminal: its goodbye is still in the log.
    ['clean_exit', { tail: left }],
    ['killed', { endedByUs: 'killed', exitCode: 0, tail: left }],
    ['replaced', { endedByUs: 'replaced', tail: 'x' }],
    [
      'interrupted',
      { exitCode: 0, tail: left, activity: { interrupted: true, ends: 'tool', last_exit_code: 1 } },
    ],
    ['tool_crash', { exitCode: 0, tail: left, activity: { ends: 'tool', last_exit_code: 2 } }],
    // A command that failed long ago is not the reason.
    ['clean_exit', { exitCode: 0, tail: left, activity: { ends: 'answer', last_exit_code: 2 } }],
    ['out_of_memory', { tail: 'x', signal: 9, activity: { wasShortOfMemory: true } }],
    ['out_of_memory', { tail: 'FATAL ERROR: JavaScript heap out of memory', signal: 9 }],
    // Killed by somebody: the code alone says nothing of memory.
    ['abrupt', { tail: 'x', signal: 9, activity: { last_exit_code: 137, last_output: 'Exit code 137' } }],
    // Text about memory in an answer does not count as a kill.
    ['clean_exit', { exitCode: 0, tail: `Out of memory is what the test is about. ${left}` }],
    // What was only talked about.
    ['abrupt', { tail: `${left} is what it says, and I killed the old branch`, signal: 9 }],
    ['abrupt', { tail: 'x', exitCode: 1 }],
    ['abrupt', { tail: 'x' }],
    ['missing_log', {}],
    ['missing_log', { activity: null }],
  ];
  for (const [reason, known] of table)
    expect([known, resolveEndReason(facts(known))]).toEqual([known, reason]);
});
