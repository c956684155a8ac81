import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCliLine } from '../../../../../server/agent/claude/protocol.ts';

const base = { sessionId: null, permissionMode: null };

test('whatever is not a known line is unknown', () => {
  for (const value of [
    null,
    undefined,
    'text',
    7,
    [],
    {},
    { type: 7 },
    { type: 'later_type' },
    { type: 'constructor' },
    { type: 'system' },
    { type: 'system', subtype: ['init'] },
    { type: 'system', subtype: '__proto__' },
    // A system line by its name alone, and the other way round.
    { type: 'init' },
    { type: 'system', subtype: 'result' },
    { type: 'system', subtype: 'background_tasks_changed', tasks: 'none' },
  ])
    expect(parseCliLine(value)).toEqual({ ...base, type: 'unknown' });
});

test('every line can carry the session and the mode, if they are texts', () => {
  expect(parseCliLine({ type: 'odd', session_id: 's', permissionMode: 'plan' })).toEqual({
    type: 'unknown',
    sessionId: 's',
    permissionMode: 'plan',
  });
  expect(parseCliLine({ session_id: '', permissionMode: 3 })).toMatchObject(base);
  expect(parseCliLine({ session_id: 12 })).toMatchObject(base);
});

test('missing and odd fields have the values of none', () => {
  const odd = { deep: [[]] };
  expect(parseCliLine({ type: 'result' })).toEqual({
    ...base,
    type: 'result',
    subtype: '',
    isError: false,
    text: '',
    totalCostUsd: null,
    countsSession: false,
    turns: 0,
    durationMs: 0,
    usage: undefined,
    permissionDenials: undefined,
    structuredOutput: undefined,
    apiErrorStatus: null,
    terminalReason: '',
    origin: null,
    messageIds: null,
    models: [],
  });
  expect(
    parseCliLine({
      type: 'result',
      is_error: 'true',
      errors: ['one', odd, 2],
      num_turns: '3',
      total_cost_usd: Number.POSITIVE_INFINITY,
      origin: 'task-notification',
      user_message_uuids: ['m1', null],
      modelUsage: { opus: null, haiku: { inputTokens: 'x', contextWindow: 200_000 } },
    }),
  ).toMatchObject({
    isError: false,
    text: 'one\n\n2',
    turns: 0,
    totalCostUsd: null,
    origin: null,
    messageIds: ['m1', ''],
    models: [{ tokensRead: 0, contextWindow: 200_000 }],
  });
  expect(parseCliLine({ type: 'assistant', message: 'odd' })).toMatchObject({
    messageId: '',
    content: [],
    parentToolId: null,
    isApiError: false,
  });
  expect(
    parseCliLine({ type: 'user', message: { content: 'text' }, tool_result_meta: [null, 'x'] }),
  ).toMatchObject({
    content: [{ type: 'text', text: 'text' }],
    resultMeta: [],
  });
  expect(
    parseCliLine({ type: 'stream_event', event: { type: 'content_block_delta', delta: null } }),
  ).toMatchObject({
    delta: null,
    isAbandoned: false,
  });
});

test('background work is of a kind by the name of its type', () => {
  const tasks = ['local_bash', 'local_agent', 'workflow', 'monitor', 7].map((task_type, index) => ({
    task_id: `t${index}`,
    task_type,
  }));
  expect(
    parseCliLine({ type: 'system', subtype: 'background_tasks_changed', tasks: [...tasks, null, 'odd'] }),
  ).toMatchObject({
    tasks: ['shell', 'agent', 'agent', 'other', 'other'].map((kind, index) => ({
      taskId: `t${index}`,
      kind,
    })),
  });
});

test('a request without a subtype, or with one that is not supported, keeps its id', () => {
  expect(parseCliLine({ type: 'control_request', request_id: 'r1' })).toMatchObject({
    requestId: 'r1',
    request: { subtype: 'unsupported', name: '' },
  });
  expect(
    parseCliLine({ type: 'control_request', request_id: 'r1', request: { subtype: 'later' } }),
  ).toMatchObject({
    request: { subtype: 'unsupported', name: 'later' },
  });
  expect(
    parseCliLine({
      type: 'control_request',
      request_id: 'r1',
      request: {
        subtype: 'can_use_tool',
        tool_name: 'Bash',
        input: ['odd'],
        tool_use_id: 7,
        decision_reason: '',
      },
    }),
  ).toMatchObject({
    request: { subtype: 'can_use_tool', tool: 'Bash', toolId: null, input: {}, reason: null },
  });
});

test('a response succeeds only if it says so', () => {
  const respond = (response: unknown) => parseCliLine({ type: 'control_response', response });
  expect(respond({ request_id: 'r1', subtype: 'success', response: { cost: 1 } })).toMatchObject({
    requestId: 'r1',
    error: null,
    response: { cost: 1 },
  });
  expect(respond({ request_id: 'r1', subtype: 'error', error: 'no such task' })).toMatchObject({
    error: 'no such task',
    response: {},
  });
  expect(respond({ request_id: 'r1' })).toMatchObject({ error: 'refused' });
  expect(respond('odd')).toMatchObject({ requestId: '', error: 'refused' });
});

test('nothing that JSON can hold makes the parser throw', () => {
  const names = [
    'system',
    'result',
    'assistant',
    'user',
    'stream_event',
    'control_request',
    'control_response',
  ];
  const record = fc.dictionary(
    fc.constantFrom(
      'subtype',
      'message',
      'event',
      'request',
      'response',
      'tasks',
      'errors',
      'modelUsage',
      'origin',
    ),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.constantFrom(...names), record, (type, fields) => {
      expect(typeof parseCliLine({ ...fields, type }).type).toBe('string');
    }),
  );
});
