import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLine } from '../../../../../server/agent/claude/decoder.ts';
import { createLineReader } from '../../../../../server/agent/claude/line-reader.ts';
import { LiveTurns } from '../../../../../server/agent/claude/live/turns.ts';
import { parseCliLine, type ResultLine } from '../../../../../server/agent/claude/protocol.ts';
import { costSince, fromResult } from '../../../../../server/agent/claude/result.ts';
import { createStringClipper } from '../../../../../server/agent/claude/string-clipper.ts';
import type { RunEnd } from '../../../../../server/agent/port.ts';

const deep = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

/**
 * Values that no field should have: other types, objects without a text form, half characters, deep nesting.
 */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    'abc',
    -1,
    1e308,
    true,
    [],
    {},
    { toString: 1, valueOf: 2 },
    '\ud800x',
    deep(4000),
    [null],
    ['__proto__'],
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

const fields: Record<string, readonly string[]> = {
  result: [
    'subtype',
    'is_error',
    'errors',
    'session_id',
    'total_cost_usd',
    'num_turns',
    'duration_ms',
    'usage',
    'permission_denials',
    'api_error_status',
    'terminal_reason',
    'origin',
    'subagent_stats',
    'structured_output',
    'user_message_uuids',
    'modelUsage',
  ],
  assistant: ['message', 'parent_tool_use_id', 'error', 'session_id'],
  user: ['message', 'parent_tool_use_id', 'tool_use_result'],
  stream_event: ['event', 'parent_tool_use_id', 'abandoned_blocks'],
  system: [
    'subtype',
    'error',
    'error_status',
    'attempt',
    'error_code',
    'capabilities',
    'task_type',
    'run_id',
    'is_backgrounded',
    'state',
    'tasks',
    'status',
    'summary',
    'permissionMode',
  ],
  command_lifecycle: ['command_uuid', 'state'],
};

const block = fc.record(
  {
    type: fc.constantFrom('text', 'thinking', 'tool_use', 'tool_result', 'image', 'odd'),
    text: odd,
    thinking: odd,
    id: odd,
    name: odd,
    input: odd,
    tool_use_id: odd,
    content: odd,
    is_error: odd,
    source: odd,
  },
  { requiredKeys: ['type'] },
);

/** A line of any type with anything in any of its fields. */
const rawLine = fc.constantFrom(...Object.keys(fields)).chain((type) =>
  fc.dictionary(fc.constantFrom(...(fields[type] ?? [])), odd, { maxKeys: 8 }).chain((values) =>
    fc.oneof(
      fc.constant({ ...values, type }),
      fc
        .array(block, { maxLength: 3 })
        .map((content) => ({ ...values, type, message: { id: 'm', content } })),
      fc
        .record({ type: fc.constantFrom('content_block_delta', 'message_delta'), delta: odd, usage: odd })
        .map((event) => ({ ...values, type, event })),
      fc
        .constantFrom('api_retry', 'session_writes_lost', 'init', 'task_started', 'task_notification')
        .map((subtype) => ({ ...values, type, subtype })),
    ),
  ),
);

const line = rawLine.map(parseCliLine);

test('a line of any shape is decoded to what can be written as JSON', () => {
  fc.assert(
    fc.property(line, (one) => void JSON.stringify(decodeLine(one))),
    { numRuns: 500 },
  );
});

test('the answer survives any other lines', () => {
  const values = fc.dictionary(
    fc.constantFrom(...(fields['result'] ?? []).filter((name) => name !== 'is_error')),
    odd,
  );
  fc.assert(
    fc.property(values, (others) => {
      const result = parseCliLine({ ...others, type: 'result', result: 'fine' }) as ResultLine;
      const end = fromResult(result, costSince(result, null, 0), 'session');
      expect(end).toMatchObject({ kind: 'answer', response: 'fine' });
      const { cost, totalCost, turns, durationMs, contextWindow, sessionId, usage, permissionDenials } =
        end as Extract<RunEnd, { kind: 'answer' }>;
      for (const number of [cost, totalCost, turns, durationMs, contextWindow ?? 0])
        expect(number).toSatisfy(Number.isFinite);
      expect(sessionId).not.toBe('');
      expect([typeof usage, Array.isArray(usage), Array.isArray(permissionDenials)]).toEqual([
        'object',
        false,
        true,
      ]);
      JSON.stringify(end);
    }),
    { numRuns: 500 },
  );
});

test('the answer of a live process survives odd lines before it', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (before) => {
      const turns = new LiveTurns({ beginOwn: () => null, costBefore: 0, sessionId: () => 'session' });
      let ended: RunEnd | null = null;
      const settle = (end: RunEnd) => {
        ended ??= end;
      };
      turns.add({
        messageId: 'm1',
        budget: null,
        canPrompt: false,
        onOutput: (output) => void JSON.stringify(output),
        settle,
      });
      for (const one of before)
        if (one.type !== 'result' && one.type !== 'command_lifecycle') turns.handleLine(one);
      const result = { type: 'result', result: 'fine', user_message_uuids: ['m1'], total_cost_usd: 'abc' };
      turns.handleLine(parseCliLine(result));
      turns.handleLine(parseCliLine({ type: 'system', subtype: 'session_state_changed', state: 'idle' }));
      expect(ended).not.toBe(null);
    }),
    { numRuns: 500 },
  );
});

test('long strings are cut wherever the pieces end, and the text stays JSON', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.array(fc.nat(40), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 12 }),
      (value, sizes, max) => {
        const text = JSON.stringify(value);
        const escaped = text.replace(
          /[^\x20-\x7e]/g,
          (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
        );
        for (const whole of [text, escaped]) {
          const clip = createStringClipper(max, '…');
          let out = '';
          for (let at = 0, turn = 0; at < whole.length; turn += 1) {
            const size = (sizes[turn % sizes.length] ?? 0) + 1;
            out += clip(whole.slice(at, at + size));
            at += size;
          }
          JSON.parse(out);
          if (![...whole.matchAll(/"((?:[^"\\]|\\.)*)"/g)].some(([, inner = '']) => inner.length > max))
            expect(out).toBe(whole);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a result of 50 MB is cut and read in pieces, none of which takes long', () => {
  const reader = createLineReader();
  const chunk = Buffer.from('word '.repeat(13_000));
  const lines = [...reader.push(Buffer.from('{"type":"result","result":"'))];
  for (let bytes = 0; bytes < 50_000_000; bytes += chunk.length) lines.push(...reader.push(chunk));
  lines.push(...reader.push(Buffer.from('","session_id":"s"}\n')));
  expect(lines).toHaveLength(1);
  const [result] = lines as [ResultLine];
  expect(result).toMatchObject({ type: 'result', sessionId: 's' });
  expect(result.text.length).toBeLessThan(2_100_000);
  expect(result.text).toMatch(/the transcript has the whole text\]$/);
});
