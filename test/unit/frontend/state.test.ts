import fc from 'fast-check';
import { expect } from 'vitest';
import type { ConversationSnapshot } from '../../../contract/conversation.ts';
import type { Event, StoredEvent } from '../../../contract/event.ts';
import type { Prompt } from '../../../contract/prompt.ts';
import type { Session } from '../../../contract/session.ts';
import { ApiError } from '../../../frontend/api/client.ts';
import { createFrameReader } from '../../../frontend/api/frames.ts';
import { askedAt, complete, matchCommands } from '../../../frontend/feature/composer/suggest.ts';
import { toGroups } from '../../../frontend/feature/conversations/groups.ts';
import { commandOf } from '../../../frontend/feature/palette/commands.ts';
import { rememberChoices } from '../../../frontend/feature/prompt/choices.ts';
import { toSections } from '../../../frontend/feature/session/sections.ts';
import { reduceList } from '../../../frontend/state/list-reducer.ts';
import { placeOf } from '../../../frontend/state/route.ts';
import {
  failureOf,
  joinNewest,
  knowsTurn,
  openThread,
  reduceThread,
} from '../../../frontend/state/thread-reducer.ts';
import type { OutboxItem } from '../../../frontend/store/database.ts';
import { byConversation, sendConversation } from '../../../frontend/store/sender.ts';
import { verifies } from '../../requirement/verifies.ts';

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
  expect(knowsTurn(ended, 't')).toBe(true);
  expect(knowsTurn(ended, 'other')).toBe(false);
  const message = { id: 'u', role: 'user' as const, at: at(2), text: 'go', parts: [] };
  const answer = { id: 'a', role: 'assistant' as const, at: at(3), text: 'word\n\nend', parts: [] };
  const joined = joinNewest(ended, { messages: [message, answer], turns: [], before: null });
  expect(joined.ended).toEqual([]);
  expect(joined.messages).toEqual([message, answer]);
  // The CLI may write the last words a moment later: until then the turn is shown by itself, once.
  const early = joinNewest(ended, { messages: [message], turns: [], before: null });
  expect(early.ended).toHaveLength(1);
  expect(early.messages).toEqual([]);
  // It does not hide what was said after it, where the page does not reach back to it.
  const later = { ...message, id: 'l', at: at(9), text: 'later' };
  expect(joinNewest(ended, { messages: [later], turns: [], before: null })).toMatchObject({
    ended: [],
    messages: [later],
  });
  // A page that was read before the turn began does not have it.
  expect(
    joinNewest(ended, { messages: [{ ...message, at: at(0) }], turns: [], before: null }).ended,
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

verifies(
  'page.delivery',
  'sends in order, each once, and lets none overtake one that was refused',
  async () => {
    const item = (id: string, conv: string, problem: string | null = null): OutboxItem => ({
      id,
      conv_id: conv,
      text: id,
      files: [],
      steer: false,
      created_at: '',
      problem,
    });
    const posted: string[] = [];
    const noted: string[] = [];
    const post = async ({ id }: OutboxItem) => {
      posted.push(id);
      if (id === 'bad')
        throw new ApiError({ status: 413, code: 'x', detail: 'Too large.', hint: 'Shorten it.' });
      if (id === 'stop') throw new ApiError({ status: 503, code: 'x', detail: 'Later.', hint: '' });
      return { turn_id: `turn ${id}` };
    };
    const note = async (sent: { item: OutboxItem; result: string }) =>
      void noted.push(`${sent.item.id} ${sent.result}`);
    expect(await sendConversation(async () => [item('1', 'a'), item('2', 'a')], post, note)).toBeNull();
    expect(
      await sendConversation(async () => [item('bad', 'b'), item('behind', 'b')], post, note),
    ).toBeNull();
    expect(
      await sendConversation(async () => [item('old', 'c', 'refused'), item('later', 'c')], post, note),
    ).toBeNull();
    expect(posted).toEqual(['1', '2', 'bad']);
    expect(noted).toEqual(['1 accepted', '2 accepted', 'bad refused']);
    expect(
      (await sendConversation(async () => [item('stop', 'a'), item('4', 'a')], post, note))?.status,
    ).toBe(503);
    expect(posted).toEqual(['1', '2', 'bad', 'stop']);
    // What was taken back while one before it was on its way is not sent.
    const left = [item('slow', 'a'), item('taken back', 'a'), item('after', 'a')];
    await sendConversation(
      async () => left,
      async (one) => {
        if (one.id === 'slow') left.splice(1, 1);
        return post(one);
      },
      note,
    );
    expect(posted.slice(4)).toEqual(['slow', 'after']);
    expect(
      [...byConversation([item('1', 'a'), item('2', 'b'), item('3', 'a')])].map(([id, own]) => [
        id,
        own.map((one) => one.id),
      ]),
    ).toEqual([
      ['a', ['1', '3']],
      ['b', ['2']],
    ]);
  },
);

verifies('page.logic', 'reads a stream that is cut anywhere as the whole one', () => {
  const frames = [
    { event: 'text.delta', data: '{"text":"grüße 🎉"}' },
    { event: 'reset', data: '{}' },
  ];
  const bytes = new TextEncoder().encode(
    `retry: 1000\n\n: keep-alive\n\n${frames.map(({ event, data }) => `id: 1\nevent: ${event}\ndata: ${data}\n\n`).join('')}`,
  );
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
      const reader = createFrameReader();
      const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      expect(
        places.slice(1).flatMap((place, index) => reader.push(bytes.slice(places[index], place))),
      ).toEqual(frames);
    }),
  );
});

verifies('page.compose', 'completes a command at the start and a file after an @', () => {
  expect(askedAt('/comp', 5)).toMatchObject({ kind: 'command', query: 'comp' });
  expect(askedAt('say /comp', 9)).toBeNull();
  expect(askedAt('see @src/a', 10)).toMatchObject({ kind: 'file', query: 'src/a', from: 4 });
  expect(askedAt('mail a@b.c', 10)).toBeNull();
  expect(complete('see @src rest', { kind: 'file', query: 'src', from: 4, to: 8 }, 'src/a.ts')).toEqual({
    text: 'see @src/a.ts rest',
    caret: 14,
  });
  expect(
    matchCommands([{ name: 'zcompact' }, { name: 'compact' }, { name: 'x' }], 'comp', 5).map(
      ({ name }) => name,
    ),
  ).toEqual(['compact', 'zcompact']);
});

verifies('page.keys', 'takes letters for commands only outside of fields', () => {
  const press = (key: string, more: object = {}) => ({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    isComposing: false,
    ...more,
  });
  expect(commandOf(press('n'), false)).toBe('newConversation');
  expect(commandOf(press('n'), true)).toBeNull();
  expect(commandOf(press('k', { metaKey: true }), true)).toBe('palette');
  expect(commandOf(press('n', { ctrlKey: true }), false)).toBeNull();
  expect(commandOf(press('n', { isComposing: true }), false)).toBeNull();
});

verifies(
  'page.prompts',
  'offers to allow exactly this, what begins like it, or its folder, for three times',
  () => {
    const whats = (offers: Prompt['offers']) => [
      ...new Set(rememberChoices({ offers }, 0).map(({ what }) => what)),
    ];
    expect(whats([{ command: 'git status' }])).toEqual(['', 'git status …']);
    expect(whats([])).toEqual(['']);
    expect(whats([{ folder: '/p/src' }])).toEqual(['', '/p/src/']);
    expect(rememberChoices({ offers: [] }, 0)[0]?.remember).toEqual({
      for: 'until',
      until: '1970-01-01T01:00:00.000Z',
    });
  },
);

verifies('page.find', 'takes an address apart', () => {
  expect(placeOf('/')).toEqual({ name: 'chat', id: null });
  expect(placeOf('/c/a%20b')).toEqual({ name: 'chat', id: 'a b' });
  expect(placeOf('/c/%E0%A4%A')).toEqual({ name: 'chat', id: '%E0%A4%A' });
  expect(placeOf('/settings/rules')).toEqual({ name: 'settings', part: 'rules' });
});

verifies(
  'page.sessions',
  'shows what needs a person first, then what is live, the last days by project, and all that is older',
  () => {
    const session = (id: string, state: Session['state'], project: string | null, modified_at: string) =>
      ({ id, state, project, modified_at }) as Session;
    const now = Date.parse('2026-01-10T00:00:00Z');
    const sections = toSections(
      [
        session('rests', 'idle', '/p/a', '2026-01-09T12:00:00Z'),
        session('asks', 'waiting', '/p/b', '2026-01-01T00:00:00Z'),
        session('works', 'running', '/p/a', '2026-01-08T00:00:00Z'),
        session('a1', 'ended', '/p/a', '2026-01-09T00:00:00Z'),
        session('b1', 'ended', '/p/b', '2026-01-08T00:00:00Z'),
        session('a2', 'ended', '/p/a', '2026-01-07T00:00:00Z'),
        session('nowhere', 'ended', null, '2026-01-06T00:00:00Z'),
        session('old', 'ended', '/p/a', '2026-01-01T00:00:00Z'),
      ],
      now,
    );
    expect(
      sections.map(({ name, project, sessions }) => [name, project, sessions.map(({ id }) => id)]),
    ).toEqual([
      ['waiting', null, ['asks']],
      ['live', null, ['rests', 'works']],
      ['project', '/p/a', ['a1', 'a2']],
      ['project', '/p/b', ['b1']],
      ['earlier', null, ['nowhere', 'old']],
    ]);
  },
);
