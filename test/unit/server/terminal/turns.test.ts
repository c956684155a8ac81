import { expect, test, vi } from 'vitest';
import type { AgentOutput, RunEnd, RunSpec } from '../../../../server/agent/port.ts';
import { AppError } from '../../../../server/app-error.ts';
import { TypedTurns } from '../../../../server/terminal/turns.ts';
import { until } from '../../../helper/until.ts';

const toSpec = (message: string) =>
  ({ sessionId: 's', project: '/p', message, literal: false, attachments: [] }) as unknown as RunSpec;

/** A terminal of the session `s`, whose state the test sets. */
function setUp(message: string) {
  const terminal = { isOpen: true, status: 'idle', sessionId: 's', reply: '', hasDraft: false };
  const isCommand = message.startsWith('/');
  const live = () => ({ pid: 1, sessionId: terminal.sessionId, status: terminal.status });
  const headless = {
    end: Promise.resolve({ kind: 'answer', response: 'by a process' } as RunEnd),
    exited: Promise.resolve(),
    stop: vi.fn(async () => {}),
  };
  const agent = {
    listLiveSessions: async () => (terminal.isOpen ? [live()] : []),
    run: vi.fn(async () => headless),
    transcripts: {
      findReply: async () =>
        terminal.reply ? { text: terminal.reply, isSuperseded: false, failure: null } : null,
      readTextSince: async () => '',
    },
  };
  const terminals = {
    send: vi.fn(async (..._args: unknown[]) => {
      terminal.status = isCommand ? 'waiting' : 'busy';
    }),
    interrupt: vi.fn(async () => {}),
    hasDraft: async () => terminal.hasDraft,
  };
  const leases = { isForTerminal: () => terminal.isOpen, waitUntil: async () => {} };
  const turns = new TypedTurns({ agent, terminals, leases, now: () => new Date() } as never);
  const outputs: AgentOutput[] = [];
  const run = turns.start(toSpec(message), (output) => void outputs.push(output));
  return { terminal, agent, terminals, turns, outputs, run };
}

const question = { prompt: { id: 'p1' } as never, respond: () => true, signal: new AbortController().signal };

test('types the message when the terminal is idle, and reports the reply as it grows', async () => {
  const { terminal, terminals, outputs, run } = setUp('hello');
  await run.begun;
  expect(terminals.send).toHaveBeenCalledExactlyOnceWith('s', 'hello', expect.anything());
  terminal.reply = 'one';
  await until('the first part', () => outputs.length === 1);
  Object.assign(terminal, { reply: 'one two', status: 'idle', sessionId: 'cleared' });
  expect(await run.end).toMatchObject({ kind: 'answer', response: 'one two', sessionId: 'cleared', cost: 0 });
  expect(outputs).toEqual([
    { type: 'text', text: 'one' },
    { type: 'text', text: ' two' },
  ]);
});

test('waits for a draft in the input box, and takes no prompt before it has typed', async () => {
  const { terminal, terminals, turns, outputs, run } = setUp('hello');
  terminal.hasDraft = true;
  expect(turns.deliverPrompt('s', question)).toBe(false);
  terminal.hasDraft = false;
  await run.begun;
  expect(terminals.send).toHaveBeenCalledOnce();
  expect(turns.deliverPrompt('another', question)).toBe(false);
  expect(turns.deliverPrompt('s', question)).toBe(true);
  expect(outputs).toEqual([{ type: 'prompt.asked', ...question }]);
  Object.assign(terminal, { reply: 'done', status: 'idle' });
  await run.end;
  await until('the end of the turn', () => !turns.deliverPrompt('s', question));
});

test('a stop interrupts the terminal and leaves it open', async () => {
  const { terminals, run } = setUp('hello');
  await run.begun;
  await run.stop();
  expect(terminals.interrupt).toHaveBeenCalledExactlyOnceWith('s');
  expect(await run.end).toMatchObject({
    kind: 'failure',
    code: 'agent_killed',
    detail: 'It was interrupted.',
  });
});

test('a terminal that ends first leaves the message to a process', async () => {
  const { terminal, agent, terminals, run } = setUp('hello');
  terminal.isOpen = false;
  expect(await run.end).toMatchObject({ response: 'by a process' });
  expect([agent.run.mock.calls.length, terminals.send.mock.calls.length]).toEqual([1, 0]);
});

test('a terminal that ends while it works fails the turn', async () => {
  const { terminal, run } = setUp('hello');
  await run.begun;
  terminal.isOpen = false;
  expect(await run.end).toMatchObject({
    code: 'agent_killed',
    detail: expect.stringContaining('terminal ended'),
  });
});

test('a dialog that a command opens is closed, since nobody could answer it', async () => {
  const { terminals, run } = setUp('/model');
  expect(await run.end).toMatchObject({
    code: 'command_refused',
    detail: expect.stringMatching(/^\/model opens/),
  });
  expect(terminals.interrupt).toHaveBeenCalledOnce();
});

test('a message that a question keeps out is typed once that is gone', async () => {
  const { terminal, terminals, run } = setUp('hello');
  terminals.send.mockRejectedValueOnce(new AppError('terminal_waits'));
  await run.begun;
  expect(terminals.send).toHaveBeenCalledTimes(2);
  Object.assign(terminal, { reply: 'done', status: 'idle' });
  expect(await run.end).toMatchObject({ kind: 'answer', response: 'done' });
});
