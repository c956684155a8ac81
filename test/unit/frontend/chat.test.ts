import { expect } from 'vitest';
import type { HistoryMessage, MessagePart } from '../../../contract/message.ts';
import { receiptOf, testsIn } from '../../../frontend/feature/chat/receipt.ts';
import { taskListOf } from '../../../frontend/feature/chat/task-list.ts';
import { exitCodeOf, objectOf } from '../../../frontend/feature/chat/tool-line.ts';
import { type ToolPart, toRows, toSegments } from '../../../frontend/feature/chat/view.ts';
import { diffRows } from '../../../frontend/ui/diff-rows.ts';
import { verifies } from '../../requirement/verifies.ts';

const tool = (name: string, input: object, more: Partial<ToolPart> = {}): ToolPart => ({
  type: 'tool',
  id: `${name}${JSON.stringify(input)}`,
  name,
  input: JSON.stringify(input),
  output: '',
  is_error: false,
  ...more,
});
const text = (words: string): MessagePart => ({ type: 'text', text: words });

verifies('page.logic', 'summarizes a turn', () => {
  const receipt = receiptOf([
    text('x'),
    tool('Edit', {}, { change: { file: '/p/a', added: 3, removed: 1 } }),
    tool('Edit', { b: 1 }, { change: { file: '/p/a', added: 1, removed: 0 } }),
    tool('Write', {}, { change: { file: '/p/b', added: 9, removed: 0 }, is_error: true }),
    tool(
      'Bash',
      { command: 'npm test' },
      { output: 'Exit code 1\n Tests  2 failed | 20 passed (22)', is_error: true },
    ),
    tool('Bash', { command: 'npm test -- again' }, { output: ' Tests  22 passed (22)' }),
    tool('Bash', { command: 'sleep 9' }, { output: null }),
    tool('Bash', { command: 'sleep 9' }, { output: 'The user refused', is_error: true }),
  ]);
  expect(receipt).toEqual({
    files: [{ file: '/p/a', added: 4, removed: 1 }],
    commands: [
      { command: 'npm test', exit: 1 },
      { command: 'npm test -- again', exit: 0 },
      { command: 'sleep 9', exit: null },
    ],
    tests: { passed: 22, failed: 0 },
  });
});

verifies('page.logic', 'knows the results of common test runners, and takes nothing else for one', () => {
  const known: [string, number, number][] = [
    [
      '\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[31m2 failed\u001b[39m | \u001b[32m20 passed\u001b[39m (22)',
      20,
      2,
    ],
    ['Tests:       1 failed, 5 passed, 6 total', 5, 1],
    ['===== 3 passed, 1 failed in 0.12s =====', 3, 1],
    [
      'test result: ok. 4 passed; 0 failed; 0 ignored\ntest result: FAILED. 1 passed; 2 failed; 0 ignored',
      5,
      2,
    ],
    ['ℹ tests 5\nℹ suites 0\nℹ pass 4\nℹ fail 1', 4, 1],
    ['# tests 5\n# pass 5\n# fail 0', 5, 0],
    ['  12 passing (3s)\n  2 failing', 12, 2],
    ['10 examples, 2 failures', 8, 2],
    ['[INFO] Tests run: 5, Failures: 1, Errors: 1, Skipped: 0', 3, 2],
    ['--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)\nFAIL', 1, 1],
  ];
  for (const [output, passed, failed] of known) expect(testsIn(output), output).toEqual({ passed, failed });
  for (const other of ['', 'all fine', '3 passed the gate', 'Tests are good', '{"passing": 3}', 'PASS'])
    expect(testsIn(other), other).toBeNull();
});

verifies('page.logic', 'groups consecutive calls, and puts those of a sub-agent into its card', () => {
  const agent = tool('Agent', { description: 'look' });
  const segments = toSegments([
    text('first'),
    tool('Read', { file_path: 'a' }),
    tool('Read', { file_path: 'b' }),
    text('then'),
    agent,
    tool('Bash', { command: 'ls' }, { parent_tool_id: agent.id }),
    text(' '),
    tool('Bash', { command: 'pwd' }),
  ]);
  expect(segments.map(({ type }) => type)).toEqual(['text', 'tools', 'text', 'agent', 'tools']);
  expect(segments[1]).toMatchObject({ tools: [{ name: 'Read' }, { name: 'Read' }] });
  expect(segments[3]).toMatchObject({ inner: [{ name: 'Bash' }] });
});

verifies('page.logic', 'makes rows of a history, with what is known of each turn at its end', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const message = (
    id: string,
    role: HistoryMessage['role'],
    second: number,
    more: Partial<HistoryMessage> = {},
  ): HistoryMessage => ({
    id,
    role,
    at: at(second),
    text: id,
    parts: [text(id)],
    ...more,
  });
  const turn = (id: string, from: number, to: number) => ({
    turn_id: id,
    state: 'completed',
    started_at: at(from),
    ended_at: at(to),
    cost_usd: 1,
  });
  const rows = toRows(
    [
      message('cut', 'assistant', 0),
      message('q1', 'user', 1),
      message('a1', 'assistant', 2),
      message('steered', 'user', 3),
      message('a2', 'assistant', 4),
      message('note', 'system', 5, { kind: 'compaction' }),
      message('q2', 'user', 6),
      message('a3', 'assistant', 7),
    ],
    [turn('t1', 1, 4), turn('t2', 5, 8)],
  );
  expect(
    rows.map((row) => [row.key, row.type === 'turn' ? (row.record?.turn_id ?? null) : row.type]),
  ).toEqual([
    ['cut', null],
    ['q1', null],
    ['steered', 't1'],
    ['note', 'note'],
    ['q2', 't2'],
  ]);
});

verifies('page.logic', 'keeps the list of tasks of either kind of tool', () => {
  expect(
    taskListOf([
      tool('TodoWrite', {
        todos: [
          { content: 'a', status: 'completed' },
          { content: 'b', status: 'in_progress' },
        ],
      }),
    ]),
  ).toEqual([
    { id: '0', subject: 'a', state: 'completed' },
    { id: '1', subject: 'b', state: 'in_progress' },
  ]);
  expect(
    taskListOf([
      tool('TaskCreate', { subject: 'First' }, { output: 'Task #1 created successfully: First' }),
      tool('TaskCreate', { subject: 'Second' }, { output: 'Task #2 created successfully: Second' }),
      tool('TaskUpdate', { taskId: '1', status: 'in_progress' }),
      tool('TaskUpdate', { taskId: '2', status: 'deleted' }),
    ]),
  ).toEqual([{ id: '1', subject: 'First', state: 'in_progress' }]);
});

verifies('page.logic', 'says in one line what a tool was used on, and how a command ended', () => {
  expect(objectOf(tool('Bash', { command: 'cat /p/a.txt\n  | wc' }), '/p')).toBe('cat a.txt | wc');
  expect(
    objectOf(
      { ...tool('Write', {}), input: '{"file_path": "/p/x', change: { file: '/p/x', added: 1, removed: 0 } },
      '/p',
    ),
  ).toBe('x');
  expect(exitCodeOf(tool('Bash', {}, { output: 'Exit code 3\nno', is_error: true }))).toBe(3);
  expect(exitCodeOf(tool('Bash', {}, { output: 'fine' }))).toBe(0);
  expect(exitCodeOf(tool('Bash', {}, { output: 'denied', is_error: true }))).toBeNull();
});

verifies('page.logic', 'shows the lines that differ, with a few around them', () => {
  const before = Array.from({ length: 20 }, (_, line) => `line ${line}`).join('\n');
  const rows = diffRows(before, before.replace('line 10\n', 'line ten\nand more\n'));
  expect(rows.filter(({ sign }) => sign === '+').map((row) => row.text)).toEqual(['line ten', 'and more']);
  expect(rows.filter(({ sign }) => sign === '-').map((row) => row.text)).toEqual(['line 10']);
  expect(rows.filter(({ sign }) => sign === '…')).toHaveLength(2);
  expect(rows.length).toBeLessThan(14);
  expect(diffRows('', 'new\n')).toEqual([{ sign: '+', text: 'new' }]);
});
