import { h } from 'preact';
import render from 'preact-render-to-string';
import { expect } from 'vitest';
import type { TurnSummary } from '../../../contract/turn.ts';
import { Ended, NewestWarnings } from '../../../frontend/feature/chat/live.tsx';
import { de } from '../../../frontend/i18n/de/common.ts';
import { en } from '../../../frontend/i18n/en/common.ts';
import type { Thread } from '../../../frontend/state/thread-reducer.ts';
import { verifies } from '../../requirement/verifies.ts';

const turn = {
  ...{
    turn_id: 't',
    conv_id: 'c',
    state: 'completed',
    origin: 'message',
    message: 'hello',
    attachments: [],
    steers: null,
  },
  ...{
    session_id: 's',
    created_at: '2026-01-01T00:00:00Z',
    started_at: null,
    ended_at: null,
    text: 'done',
    error: null,
  },
  result: { warnings: [{ code: 'transcript_lost', detail: 'x' }] },
} as unknown as TurnSummary;
const live = { ...turn, open_from: 0, tools: [], parts: [], retrying: null };
const ended = { turn: live, steered: [], end: turn };
const thread = (more: object) =>
  ({ snapshot: { turn: null, last_turn: turn }, ended: [], ...more }) as unknown as Thread;

verifies(
  'agent.kept',
  'the page says in a turn that its transcript was not kept, once, and in each language',
  () => {
    expect(render(h(Ended, { ended, project: '/p' }))).toContain(en.turnWarnings.transcript_lost);
    expect(render(h(NewestWarnings, { thread: thread({}) }))).toContain(en.turnWarnings.transcript_lost);
    expect(render(h(NewestWarnings, { thread: thread({ ended: [ended] }) }))).toBe('');
    expect(Object.keys(de.turnWarnings)).toEqual(Object.keys(en.turnWarnings));
  },
);
