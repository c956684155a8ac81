import { expect, test, vi } from 'vitest';
import { RequestHandler } from '../../../../../../server/agent/claude/live/request-handler.ts';
import { LiveTurns } from '../../../../../../server/agent/claude/live/turns.ts';
import { type ControlRequestLine, parseCliLine } from '../../../../../../server/agent/claude/protocol.ts';
import type { AgentOutput, RunBudget } from '../../../../../../server/agent/port.ts';
import { createDeferred } from '../../../../../../server/util/deferred.ts';
import { until } from '../../../../../helper/until.ts';

type Question = Extract<AgentOutput, { type: 'prompt.asked' }>;

const toLine = (request: object) =>
  parseCliLine({ type: 'control_request', request_id: 'r1', request }) as ControlRequestLine;
const permission = toLine({
  subtype: 'can_use_tool',
  tool_name: 'Bash',
  input: { command: 'ls' },
  tool_use_id: 't1',
});
const hook = toLine({ subtype: 'hook_callback', input: { tool_name: 'Bash' } });

/** A handler with one turn that works on a message. */
function setUp({ canPrompt = true, budget = null }: { canPrompt?: boolean; budget?: RunBudget | null } = {}) {
  const questions: Question[] = [];
  const turns = new LiveTurns({ beginOwn: () => null, costBefore: 0, sessionId: () => 's' });
  turns.add({
    messageId: 'm1',
    budget,
    canPrompt,
    onOutput: (output) => void (output.type === 'prompt.asked' && questions.push(output)),
    settle: () => {},
  });
  turns.handleLine(parseCliLine({ type: 'command_lifecycle', command_uuid: 'm1', state: 'started' }));
  const cost = createDeferred<number>();
  const control = { getTotalCost: () => cost.promise, interrupt: vi.fn(async () => {}) };
  const channel = { isAlive: true, respond: vi.fn(), respondError: vi.fn() };
  const onFault = vi.fn();
  const handler = new RequestHandler({
    channel,
    control: control as never,
    turns,
    onSettled: () => {},
    onFault,
  });
  return { handler, turns, channel, control, questions, cost, onFault };
}

const first = (questions: readonly Question[]) => until('the question', () => questions[0]);

test('a reply answers the request once, and ends the wait', async () => {
  const { handler, channel, questions } = setUp();
  handler.handle(permission);
  const { prompt, respond, signal } = await first(questions);
  expect(prompt).toMatchObject({ id: 'r1', kind: 'permission', tool: 'Bash', tool_id: 't1' });
  expect([signal.aborted, handler.isWaiting]).toEqual([false, true]);
  expect(respond({ decision: 'deny', message: 'no', interrupt: false })).toBe(true);
  expect([signal.aborted, handler.isWaiting]).toEqual([true, false]);
  expect(respond({ decision: 'allow', input: {} })).toBe(false);
  expect(channel.respond).toHaveBeenCalledExactlyOnceWith('r1', { behavior: 'deny', message: 'no' });
});

test('a prompt ends with its withdrawal, its turn, or its process', async () => {
  for (const end of ['close', 'closeTurn', 'closeAll'] as const) {
    const { handler, channel, questions } = setUp();
    handler.handle(permission);
    const { respond, signal } = await first(questions);
    handler.close('another');
    handler.closeTurn('another');
    expect(signal.aborted).toBe(false);
    handler[end](end === 'closeTurn' ? 'm1' : 'r1');
    expect(signal.aborted, end).toBe(true);
    expect(respond({ decision: 'allow', input: {} })).toBe(false);
    expect(channel.respond).not.toHaveBeenCalled();
  }
});

test('a process that has ended takes no reply', async () => {
  const { handler, channel, questions } = setUp();
  handler.handle(permission);
  const { respond } = await first(questions);
  channel.isAlive = false;
  expect(respond({ decision: 'allow', input: {} })).toBe(false);
});

test('without a person to ask, a permission is denied', async () => {
  const { handler, channel, questions } = setUp({ canPrompt: false });
  handler.handle(permission);
  await until('the answer', () => channel.respond.mock.calls.length > 0);
  expect(channel.respond).toHaveBeenCalledWith('r1', expect.objectContaining({ behavior: 'deny' }));
  expect(questions).toEqual([]);
});

test('a request that is not supported is refused, and so is one without a subtype', async () => {
  const { handler, channel } = setUp();
  handler.handle(toLine({ subtype: 'later' }));
  handler.handle(toLine({}));
  await until('the answers', () => channel.respondError.mock.calls.length === 2);
  expect(channel.respondError.mock.calls).toEqual([
    ['r1', 'later is not supported here'],
    ['r1', 'the request has no subtype'],
  ]);
});

test('a turn that has used up its budget waits for a person, who can end it', async () => {
  const { handler, channel, control, questions, cost } = setUp({ budget: { left: () => 1 } });
  handler.handle(hook);
  cost.resolve(1.5);
  const { prompt, respond } = await first(questions);
  expect(prompt).toMatchObject({ kind: 'budget', tool: 'Bash', input: { spent_usd: 1.5, left_usd: 1 } });
  respond({ decision: 'deny', message: '', interrupt: true });
  expect(channel.respond).toHaveBeenCalledExactlyOnceWith('r1', {});
  expect(control.interrupt).toHaveBeenCalledOnce();
});

test('a turn below its budget continues, and so does one whose cost is not known', async () => {
  for (const settle of ['resolve', 'reject'] as const) {
    const { handler, channel, questions, cost } = setUp({ budget: { left: () => 1 } });
    handler.handle(hook);
    cost[settle](0.5);
    await until('the answer', () => channel.respond.mock.calls.length > 0);
    expect([questions, handler.isWaiting]).toEqual([[], false]);
  }
});

test('a hook that is withdrawn while the cost is read is not answered', async () => {
  const { handler, channel, questions, cost } = setUp({ budget: { left: () => 1 } });
  handler.handle(hook);
  handler.close('r1');
  cost.resolve(2);
  await until('the end of its work', async () => cost.promise.then(() => true));
  await new Promise(setImmediate);
  expect([questions, channel.respond.mock.calls]).toEqual([[], []]);
});

test('a fault while asking is reported: the process would wait forever', async () => {
  const { handler, turns, onFault } = setUp();
  turns.findOwner = () => {
    throw new Error('injected');
  };
  handler.handle(permission);
  await until('the fault', () => onFault.mock.calls.length > 0);
  expect(onFault).toHaveBeenCalledWith(expect.objectContaining({ message: 'injected' }));
});
