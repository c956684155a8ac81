import { expect } from 'vitest';
import { diagnoseEnd, endAdvice } from '../../../../server/session-record/end-reason.ts';
import type { Entry } from '../../../../server/transcript/entry.ts';
import { LastActivityReader } from '../../../../server/transcript/last-activity.ts';
import { verifies } from '../../../requirement/verifies.ts';

const user = (content: unknown): Entry => ({
  type: 'user',
  timestamp: '2026-01-01T00:00:00.000Z',
  message: { content },
});
const says = (text: string): Entry => ({
  type: 'assistant',
  message: { model: 'm', content: [{ type: 'text', text }] },
});
const runs = (command: string, id = 't'): Entry => ({
  type: 'assistant',
  message: { model: 'm', content: [{ type: 'tool_use', id, name: 'Bash', input: { command } }] },
});
const result = (content: string, is_error = false, id = 't'): Entry =>
  user([{ type: 'tool_result', tool_use_id: id, content, is_error }]);

function deedsOf(...entries: Entry[]) {
  const deeds = new LastActivityReader();
  for (const entry of entries.toReversed()) if (!deeds.offer(entry)) break;
  return deeds.finish();
}
const reasonFor = (...entries: Entry[]) => diagnoseEnd(deedsOf(...entries), false);

verifies('session.diagnose', 'explains the current state of a session', () => {
  expect(reasonFor()).toBe('empty');
  expect(reasonFor(user('hi'), says('hello'))).toBe('answered');
  expect(reasonFor(user('hi'))).toBe('unanswered');
  expect(reasonFor(user('hi'), runs('sleep 9'))).toBe('in_a_tool');
  expect(reasonFor(user('hi'), runs('make'), result('Exit code 2\nno rule', true))).toBe('tool_failed');
  expect(reasonFor(user('hi'), runs('make'), result('Exit code 137\nKilled', true))).toBe('out_of_memory');
  expect(reasonFor(user('hi'), runs('make'), result('ok'))).toBe('unanswered');
  expect(
    reasonFor(
      user('hi'),
      runs('make'),
      user([{ type: 'text', text: '[Request interrupted by user for tool use]' }]),
    ),
  ).toBe('interrupted');
  expect(reasonFor(user('hi'), { ...says('API Error: 529'), isApiErrorMessage: true })).toBe('failed');
  expect(diagnoseEnd(deedsOf(user('hi')), true)).toBe('live');
  for (const text of Object.values(endAdvice)) expect(text.length).toBeGreaterThan(40);
});

verifies(
  'session.diagnose',
  'reports the last tool with its command, exit code and end of output, and the last text',
  () => {
    expect(
      deedsOf(
        user('build it'),
        says('I will.'),
        runs('make all'),
        result(`Exit code 2\n${'x'.repeat(5000)}end`, true),
      ),
    ).toMatchObject({
      last_tool: 'Bash',
      last_command: 'make all',
      last_exit_code: 2,
      last_output: expect.stringMatching(/^…x+end$/),
      last_words: 'I will.',
      last_message: 'build it',
      interrupted: false,
    });
    expect(deedsOf(user('x'), runs('ls'), result('a b'))).toMatchObject({
      last_exit_code: 0,
      last_output: 'a b',
    });
  },
);

verifies('session.diagnose', 'tells a command that ran out of memory from one that somebody killed', () => {
  const endOf = (output: string, isError = true) =>
    reasonFor(user('hi'), runs('make'), result(output, isError));
  expect(endOf('Exit code 137\nKilled')).toBe('out_of_memory');
  expect(endOf('Exit code 1\nfatal: Out of memory, malloc failed')).toBe('out_of_memory');
  expect(endOf('Exit code 137')).toBe('tool_failed');
  expect(endOf('Exit code 1\n3 tests killed the mutant')).toBe('tool_failed');
  expect(endOf('the OOM killer is what this page describes', false)).toBe('unanswered');
});
