import { expect, test, vi } from 'vitest';
import type { PromptReply } from '../../../../server/agent/port.ts';
import { type Asked, Prompts } from '../../../../server/prompt/prompts.ts';

const by = { name: 'person', address: null };
const asked: Asked = {
  id: 'p1',
  kind: 'permission',
  conv_id: 'c',
  turn_id: 't',
  tool: 'Bash',
  input: { command: 'ls' },
  reason: null,
  project: '/p',
  parent_tool_id: null,
  opened_at: '2026-01-01T00:00:00.000Z',
};

/** Prompts on a store that records the outcome of each, and an agent that waits for replies. */
function setUp() {
  const outcomes: (string | null)[] = [];
  const warn = vi.fn();
  const store = {
    open: vi.fn(),
    close: vi.fn((_prompt: unknown, { outcome }: { outcome: string }) => void outcomes.push(outcome)),
    get: () => null,
    rules: () => [],
    note: () => {},
  };
  const prompts = new Prompts({
    store: store as never,
    timeoutS: null,
    resolveFile: async (path) => path,
    lookAtPaths: async () => ({ outside: false, obeyed: false, targets: [] }),
    onPlanAccepted: () => {},
    warn,
    now: () => new Date(),
    newId: () => 'new',
  });
  const closing = new AbortController();
  const replies: PromptReply[] = [];
  const respond = (reply: PromptReply): boolean => {
    if (closing.signal.aborted) return false;
    replies.push(reply);
    closing.abort();
    return true;
  };
  return { prompts, store, outcomes, warn, closing, replies, channel: { respond, signal: closing.signal } };
}

test('an answer reaches the agent, and the signal of an answered prompt closes nothing again', async () => {
  const { prompts, channel, replies, outcomes } = setUp();
  await prompts.ask(asked, channel);
  expect(prompts.listOfTurn('t')).toMatchObject([{ id: 'p1' }]);
  await prompts.answer('p1', { decision: 'allow' }, by);
  expect(replies).toMatchObject([{ decision: 'allow', input: { command: 'ls' } }]);
  expect(outcomes).toEqual(['allowed']);
  expect(prompts.list()).toEqual([]);
});

test('a prompt is withdrawn when its signal is aborted', async () => {
  const { prompts, channel, closing, replies, outcomes } = setUp();
  await prompts.ask(asked, channel);
  closing.abort();
  expect(outcomes).toEqual(['withdrawn']);
  expect(prompts.list()).toEqual([]);
  await expect(prompts.answer('p1', { decision: 'allow' }, by)).rejects.toThrow(/no prompt/);
  expect(replies).toEqual([]);
});

test('a prompt that is withdrawn before it was examined is never opened', async () => {
  const { prompts, store, channel, closing } = setUp();
  const asking = prompts.ask(asked, channel);
  closing.abort();
  await asking;
  expect(store.open).not.toHaveBeenCalled();
});

test('an answer that comes too late for the agent is stored as withdrawn', async () => {
  const { prompts, outcomes } = setUp();
  const { signal } = new AbortController();
  await prompts.ask(asked, { respond: () => false, signal });
  await expect(prompts.answer('p1', { decision: 'allow' }, by)).rejects.toThrow(/agent has ended/);
  expect(outcomes).toEqual(['allowed', 'withdrawn']);
});

test('prompts of a turn that ends with the server are closed once, as restarted', async () => {
  const { prompts, channel, closing, outcomes } = setUp();
  await prompts.ask(asked, channel);
  await prompts.ask({ ...asked, id: 'p2', turn_id: 'other' }, channel);
  prompts.closeRestarted('t');
  expect(outcomes).toEqual(['restarted']);
  closing.abort();
  expect(outcomes).toEqual(['restarted', 'withdrawn']);
});

test('a disk that refuses to close a withdrawn prompt is reported, and ends nothing', async () => {
  const { prompts, store, channel, closing, warn } = setUp();
  await prompts.ask(asked, channel);
  store.close.mockImplementation(() => {
    throw new Error('disk full');
  });
  closing.abort();
  expect(warn).toHaveBeenCalledWith(expect.objectContaining({ message: 'disk full' }), expect.any(String));
});
