import fc from 'fast-check';
import { expect } from 'vitest';
import type { ConversationSnapshot } from '../../../../contract/conversation.ts';
import type { Event, StoredEvent } from '../../../../contract/event.ts';
import { toGroups } from '../../../../frontend/feature/conversations/groups.ts';
import { reduceList } from '../../../../frontend/state/list-reducer.ts';
import {
  failureOf,
  includesTurn,
  mergeNewestPage,
  openThread,
  reduceThread,
} from '../../../../frontend/state/thread-reducer.ts';
import { verifies } from '../../../requirement/verifies.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

function snapshot(more: Partial<ConversationSnapshot> = {}): ConversationSnapshot {
  return {
    ...{
      id: 'c',
      title: 'c',
      session_id: 's',
      project: '/p',
      state: 'idle',
      turn_id: null,
      queued: 0,
      turn_count: 0,
      cost_usd: 0,
    },
    ...{
      max_cost_usd: null,
      budget: null,
      last_message: null,
      created_at: at(0),
      last_message_at: at(0),
      archived: false,
      pinned: false,
    },
    ...{
      notify: null,
      model: null,
      effort: null,
      permission_mode: null,
      runs_with: { permission_mode: 'default', model: null, effort: null },
    },
    ...{
      live: false,
      queue_paused: false,
      in_terminal: false,
      terminal_messages: 'wait',
      at_desk: false,
      desk_messages: 'wait',
      allowed_tools: null,
      extra_args: null,
      turn: null,
      steered: [],
      queue: [],
      last_turn: null,
    },
    ...{ prompts: [], background: [], context: null, cursor: 0 },
    ...more,
  };
}

const ofTurn = { conv_id: 'c', turn_id: 't', at: at(1) };
const stored = (events: Event[]): StoredEvent[] =>
  events.map((event, index) => ({ ...event, id: index + 1 }));

/** A turn as its events tell it, with the words cut at any place. */
const turnEvents = (cuts: readonly string[]): StoredEvent[] =>
  stored([
    { type: 'turn.queued', ...ofTurn, message: 'go', origin: 'message', attachments: [] },
    { type: 'turn.started', ...ofTurn, session_id: 's', steers: null },
    ...cuts.map((text): Event => ({ type: 'text.delta', ...ofTurn, text })),
    {
      type: 'message',
      ...ofTurn,
      message_id: 'm',
      text: cuts.join(''),
      parts: [{ type: 'text', text: cuts.join('') }],
      parent_tool_id: null,
    },
    { type: 'tool.started', ...ofTurn, tool_id: 'x', name: 'Bash', input: '{}', parent_tool_id: null },
    {
      type: 'tool.finished',
      ...ofTurn,
      at: at(3),
      tool_id: 'x',
      output: 'done',
      is_error: false,
      parent_tool_id: null,
    },
    { type: 'text.delta', ...ofTurn, text: 'void' },
    { type: 'turn.retrying', ...ofTurn, reason: 'cut', attempt: 1, discard_text: true },
    { type: 'text.delta', ...ofTurn, text: 'end' },
  ]);

verifies(
  'page.logic',
  'comes to the same parts however the words are cut, and however often events come again',
  () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }),
        fc.nat(20),
        (cuts, again) => {
          const events = turnEvents(cuts);
          const once = events.reduce(
            reduceThread,
            openThread(snapshot(), { messages: [], turns: [], before: null }),
          );
          const twice = [...events.slice(0, again), ...events].reduce(
            reduceThread,
            openThread(snapshot(), { messages: [], turns: [], before: null }),
          );
          expect(twice).toEqual(once);
          expect(once.snapshot.turn?.parts).toEqual([
            { type: 'text', text: cuts.join('') },
            {
              type: 'tool',
              id: 'x',
              name: 'Bash',
              input: '{}',
              output: 'done',
              is_error: false,
              at: at(1),
              duration_ms: 2000,
            },
            { type: 'text', text: 'end', open: true },
          ]);
        },
      ),
    );
  },
);

verifies('page.logic', 'keeps a turn that ended until the history has it', () => {
  const failure = {
    title: 'No',
    status: 502,
    detail: 'No',
    code: 'agent_failed',
    hint: 'x',
    success: false as const,
    error: 'No',
    text: 'word',
  };
  const events = [
    ...turnEvents(['word']),
    ...stored([{ type: 'turn.failed', ...ofTurn, at: at(5), ...failure }]).map((event) => ({
      ...event,
      id: 99,
    })),
  ];
  const ended = events.reduce(
    reduceThread,
    openThread(snapshot(), { messages: [], turns: [], before: null }),
  );
  expect(ended.ended).toHaveLength(1);
  expect(ended.snapshot.turn).toBeNull();
  expect(failureOf(ended)).toMatchObject({ isKnown: true, turn: { state: 'failed' } });
  expect(includesTurn(ended, 't')).toBe(true);
  expect(includesTurn(ended, 'other')).toBe(false);
  const message = { id: 'u', role: 'user' as const, at: at(2), text: 'go', parts: [] };
  const answer = { id: 'a', role: 'assistant' as const, at: at(3), text: 'word\n\nend', parts: [] };
  const joined = mergeNewestPage(ended, { messages: [message, answer], turns: [], before: null });
  expect(joined.ended).toEqual([]);
  expect(joined.messages).toEqual([message, answer]);
  // The CLI may write the end of the text a moment later: until then the turn is shown separately, once.
  const early = mergeNewestPage(ended, { messages: [message], turns: [], before: null });
  expect(early.ended).toHaveLength(1);
  expect(early.messages).toEqual([]);
  // It does not hide what was said after it, where the page does not reach back to it.
  const later = { ...message, id: 'l', at: at(9), text: 'later' };
  expect(mergeNewestPage(ended, { messages: [later], turns: [], before: null })).toMatchObject({
    ended: [],
    messages: [later],
  });
  // A page that was read before the turn began does not have it.
  expect(
    mergeNewestPage(ended, { messages: [{ ...message, at: at(0) }], turns: [], before: null }).ended,
  ).toHaveLength(1);
});

verifies('page.logic', 'keeps the list and what waits by the events of all conversations', () => {
  const row = snapshot();
  const prompt = {
    id: 'p',
    kind: 'permission' as const,
    conv_id: 'c',
    turn_id: 't',
    tool: 'Bash',
    input: {},
    reason: null,
    risks: [],
    project: '/p',
    parent_tool_id: null,
    opened_at: at(1),
  };
  const events = stored([
    { type: 'turn.started', ...ofTurn, session_id: 's', steers: null },
    { type: 'prompt.opened', ...ofTurn, prompt },
  ]);
  const waiting = events.reduce(reduceList, { conversations: [row], prompts: [] });
  expect(waiting.conversations[0]?.state).toBe('waiting');
  expect(toGroups(waiting.conversations, waiting.prompts, '').map(({ name }) => name)).toEqual(['needsMe']);
  expect(toGroups(waiting.conversations, waiting.prompts, 'nothing like it')).toEqual([]);
  const closed = reduceList(waiting, {
    type: 'prompt.closed',
    ...ofTurn,
    prompt_id: 'p',
    outcome: 'allowed',
    by: 'x',
    id: 9,
  });
  expect(closed.prompts).toEqual([]);
  expect(closed.conversations[0]?.state).toBe('running');
  expect(
    reduceList(closed, { type: 'conversation.changed', conv_id: 'c', at: at(9), conversation: null, id: 10 })
      .conversations,
  ).toEqual([]);
});
