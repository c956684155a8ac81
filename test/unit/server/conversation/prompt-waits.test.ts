import { expect } from 'vitest';
import type { ConversationSnapshot } from '../../../../contract/conversation.ts';
import type { StoredEvent } from '../../../../contract/event.ts';
import type { HistoryMessage, MessagePart } from '../../../../contract/message.ts';
import type { Prompt } from '../../../../contract/prompt.ts';
import { liveTurn, reduceConversation } from '../../../../contract/reducer.ts';
import { receiptOf } from '../../../../frontend/feature/chat/receipt.ts';
import { saidOf } from '../../../../frontend/feature/chat/tool-line.ts';
import { de } from '../../../../frontend/i18n/de/common.ts';
import { en } from '../../../../frontend/i18n/en/common.ts';
import { decodeLine } from '../../../../server/agent/claude/decoder.ts';
import { parseCliLine } from '../../../../server/agent/claude/protocol.ts';
import { addWaits } from '../../../../server/conversation/prompt-waits.ts';
import type { AskedPrompt } from '../../../../server/store/port.ts';
import { nobodyAnswered, parseDenial } from '../../../../server/transcript/denial.ts';
import { foldEntries } from '../../../../server/transcript/messages.ts';
import { verifies } from '../../../requirement/verifies.ts';

type ToolPart = Extract<MessagePart, { type: 'tool' }>;

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const tool = (id: string, more: Partial<ToolPart> = {}): ToolPart => ({
  ...{
    type: 'tool',
    id,
    name: 'Bash',
    input: '{"command":"rm -rf build"}',
    output: null,
    is_error: false,
    at: at(10),
  },
  ...more,
});
const prompt = (id: string, toolId: string | null, second: number): Prompt => ({
  ...{
    id,
    kind: 'permission',
    conv_id: 'c',
    turn_id: 't',
    tool: 'Bash',
    input: { command: 'rm -rf build' },
    reason: null,
    risks: [],
  },
  ...{ project: '/p', parent_tool_id: null, tool_id: toolId, opened_at: at(second) },
});

/** A running turn after these events. */
function live(...events: Record<string, unknown>[]) {
  const turn = liveTurn({ turn_id: 't', conv_id: 'c', state: 'running', text: '' } as never);
  let state = {
    id: 'c',
    prompts: [],
    queue: [],
    steered: [],
    background: [],
    cursor: 0,
    turn,
  } as unknown as ConversationSnapshot;
  for (const [index, event] of events.entries()) {
    state = reduceConversation(state, {
      conv_id: 'c',
      turn_id: 't',
      id: index + 1,
      ...event,
    } as unknown as StoredEvent);
  }
  return state.turn;
}

const started = {
  type: 'tool.started',
  at: at(10),
  tool_id: 'a',
  name: 'Bash',
  input: '{"command":"rm -rf build"}',
  parent_tool_id: null,
};
const opened = { type: 'prompt.opened', at: at(11), prompt: prompt('p', 'a', 11) };
const closed = (outcome: string, second: number) => ({
  type: 'prompt.closed',
  at: at(second),
  prompt_id: 'p',
  outcome,
  by: 'me',
});
const finished = (second: number, more: object = {}) => ({
  ...{
    type: 'tool.finished',
    at: at(second),
    tool_id: 'a',
    output: 'x',
    is_error: false,
    parent_tool_id: null,
    ...more,
  },
});

verifies(
  'prompt.told',
  'distinguishes a waiting call, a denied one and one that ran, while the turn runs',
  () => {
    const said = (turn: ReturnType<typeof live>, words = en) =>
      saidOf(turn?.parts[0] as ToolPart, true, words);
    expect(said(live(started))).toBe('Running');
    expect(said(live(started, opened))).toBe('Wants to run');
    const deniedTurn = live(
      started,
      opened,
      closed('denied', 600),
      finished(601, { is_error: true, denied: 'person' }),
    );
    expect([said(deniedTurn), said(deniedTurn, de)]).toEqual(['You denied:', 'Du hast abgelehnt:']);
    // An older agent does not say why; the prompt does. Nor does a turn that is stopped with the refusal.
    expect(said(live(started, opened, closed('denied', 600), finished(601, { is_error: true })))).toBe(
      'You denied:',
    );
    expect(said(live(started, opened, closed('denied', 600)))).toBe('You denied:');
    expect(said(live(started, opened, closed('timed_out', 600)))).toBe('Nobody answered:');
    const ran = live(started, opened, closed('allowed', 600), finished(602));
    expect(said(ran)).toBe('Ran');
    expect(ran).toMatchObject({
      waited_ms: 589_000,
      waits_since: null,
      parts: [{ duration_ms: 3000, waited_ms: 589_000 }],
    });
    // Answered in the terminal: the prompt is withdrawn, and the tool runs.
    expect(said(live(started, opened, closed('withdrawn', 600), finished(602)))).toBe('Ran');
    expect(saidOf(tool('a'), false, en)).toBe('Not finished:');
    expect(saidOf({ ...tool('a'), name: 'Write', denied: 'person' }, false, en)).toBe('You denied: Write');
    expect(saidOf({ ...tool('a'), name: 'mcp__x', denied: 'rule' }, false, en)).toBe('Not allowed: mcp__x');
    const receipt = receiptOf([
      tool('a', { output: 'no', is_error: true, denied: 'person' }),
      tool('b', { output: '' }),
    ]);
    expect(receipt).toMatchObject({ denied: 1, commands: [{ exit: 0 }] });
  },
);

verifies('prompt.told', 'reads from a transcript and from the stream that a call never ran, and why', () => {
  const call = {
    type: 'assistant',
    uuid: 'a',
    timestamp: at(1),
    message: { content: [{ type: 'tool_use', id: 't', name: 'Bash', input: { command: 'ls' } }] },
  };
  const result = (content: string, more: object = {}) => ({
    ...{ type: 'user', uuid: 'b', timestamp: at(5) },
    message: { content: [{ type: 'tool_result', tool_use_id: 't', is_error: true, content }] },
    ...more,
  });
  const denied = (entry: ReturnType<typeof result>) =>
    (foldEntries([call, entry], () => undefined)[0]?.parts[0] as ToolPart | undefined)?.denied;
  const refused = {
    toolDenialKind: 'permission-rule',
    permissionDecision: { decision: 'reject', source: 'user_reject' },
  };
  const byCli = "The user doesn't want to proceed with this tool use. The tool use was rejected";
  expect(denied(result('Not so.', refused))).toBe('person');
  expect(denied(result(byCli, { toolDenialKind: 'user-rejected' }))).toBe('person');
  expect(denied(result(byCli))).toBe('person');
  expect(denied(result(`${nobodyAnswered} 5 s. This is`, refused))).toBe('nobody');
  expect(
    denied(
      result("Permission to use Bash has been denied because … don't ask", {
        toolDenialKind: 'permission-rule',
      }),
    ),
  ).toBe('rule');
  expect(denied(result('Exit code 3'))).toBeUndefined();
  expect(parseDenial(undefined, undefined, 'The user said no')).toBeUndefined();
  const meta = {
    id: 't',
    non_execution_kind: 'permission-rule',
    permission_decision: { source: 'user_reject' },
  };
  const line = { ...result('Not so.'), tool_result_meta: [null, { id: 'x' }, meta] };
  expect(decodeLine(parseCliLine(line))).toMatchObject([{ type: 'tool.finished', denied: 'person' }]);
  expect(decodeLine(parseCliLine({ ...line, tool_result_meta: 'odd' }))[0]).not.toHaveProperty('denied');
});

verifies('prompt.told', 'subtracts waiting for a person from durations in the history', () => {
  const asked = (
    id: string,
    toolId: string | null,
    from: number,
    to: number | null,
    outcome: AskedPrompt['outcome'],
  ): AskedPrompt => ({
    ...{ prompt: prompt(id, toolId, from), outcome, closed_at: to === null ? null : at(to) },
  });
  const message = (...parts: ToolPart[]): HistoryMessage => ({
    id: 'm',
    role: 'assistant',
    at: at(10),
    text: '',
    parts,
  });
  const turn = { turn_id: 't', state: 'completed', started_at: at(0), ended_at: at(700), cost_usd: 0 };
  const ran = { output: 'x', duration_ms: 600_000 };
  const page = {
    messages: [message(tool('a', ran), tool('b', { ...ran, is_error: true }), tool('c'))],
    turns: [turn],
  };
  const all = [
    asked('1', 'a', 11, 601, 'allowed'),
    asked('2', 'b', 300, 605, 'denied'),
    asked('3', 'c', 650, null, null),
  ];
  const { messages, turns } = addWaits(page, all);
  expect(messages[0]?.parts).toMatchObject([
    { id: 'a', duration_ms: 10_000, waited_ms: 590_000 },
    { id: 'b', denied: 'person', duration_ms: 295_000 },
    { id: 'c', asked_at: at(650) },
  ]);
  expect(turns[0]?.waited_ms).toBe(594_000);
  // A terminal does not say which call it asks about.
  const typed = addWaits({ messages: [message(tool('a', ran))], turns: [] }, [
    asked('1', null, 11, 601, 'withdrawn'),
  ]);
  expect(typed.messages[0]?.parts).toMatchObject([{ duration_ms: 10_000 }]);
  expect(addWaits(page, [])).toEqual(page);
});
