import { expect } from 'vitest';
import type { LiveSession } from '../../../../server/agent/port.ts';
import type { Multiplexer } from '../../../../server/terminal/port.ts';
import { TerminalTyping } from '../../../../server/terminal/typing.ts';
import { verifies } from '../../../requirement/verifies.ts';

const pane = { id: '%1', name: 'sb-x', pid: 7, isDead: false };

/** An input box: it shows typed text until an Enter is accepted. */
function openBox() {
  const box = {
    text: '',
    enters: 0,
    losesEnters: 0,
    keys: [] as string[],
    status: 'idle' as LiveSession['status'],
    onPaste: () => {},
    sent: '',
  };
  const live = (): LiveSession => ({
    ...{
      sessionId: 's',
      pid: 7,
      status: box.status,
      statusAt: box.enters,
      waitingFor: null,
      kind: 'interactive',
    },
    ...{ project: '/p', name: null, startedAt: null, bridgeUrl: null },
  });
  const terminals = {
    async paste(_id: string, text: string) {
      box.text += text;
      box.onPaste();
    },
    async pressKey(_id: string, key: string) {
      box.keys.push(key);
      if (key === 'C-c') box.text = '';
      if (key !== 'Enter') return;
      box.enters += 1;
      if (box.enters <= box.losesEnters) return;
      box.sent = box.text;
      box.text = '';
    },
    captureScreen: async () => ({
      column: 2 + box.text.length,
      row: 1,
      lines: ['─'.repeat(20), `❯ ${box.text}`, '─'.repeat(20)],
    }),
    captureText: async () => `❯ ${box.text}`,
  } as unknown as Multiplexer;
  const agent = {
    listLiveSessions: async () => [live()],
    transcripts: { findReply: async () => ({ text: '', isSuperseded: false, failure: null }) },
  };
  return { box, live, typing: new TerminalTyping({ agent, terminals, now: () => new Date() }) };
}

verifies(
  'terminal.asks',
  'sends nothing into a question that opened over a paste, and clears the paste when it is answered',
  async () => {
    const { box, live, typing } = openBox();
    box.onPaste = () => {
      box.status = 'waiting';
    };
    await expect(typing.sendMessage(pane, live(), 'half a thought')).rejects.toMatchObject({
      code: 'terminal_waits',
    });
    expect([box.keys, box.text]).toEqual([[], 'half a thought']);
    // While the question is open no key is pressed: it would answer.
    await typing.hasDraft(pane);
    expect(box.keys).toEqual([]);
    box.status = 'idle';
    box.onPaste = () => {};
    expect(await typing.hasDraft(pane)).toBe(false);
    await typing.sendMessage(pane, live(), 'whole');
    expect([box.keys, box.sent]).toEqual([['C-c', 'Enter'], 'whole']);
  },
);

verifies(
  'terminal.open',
  'never presses Ctrl-C twice in so short a time that it ends Claude Code',
  async () => {
    const { box, live, typing } = openBox();
    const pressed: number[] = [];
    const stopped = AbortSignal.abort();
    for (const message of ['one', 'two']) {
      await expect(typing.sendMessage(pane, live(), message, stopped)).rejects.toMatchObject({
        code: 'turn_cancelled',
      });
      pressed.push(performance.now());
    }
    expect(box.keys).toEqual(['C-c', 'C-c']);
    expect((pressed[1] as number) - (pressed[0] as number)).toBeGreaterThan(1500);
  },
);

verifies('terminal.open', 'presses Enter again if a command is still in the box, and only then', async () => {
  const { box, live, typing } = openBox();
  box.losesEnters = 1;
  await typing.sendMessage(pane, live(), '/clear');
  expect([box.keys, box.sent]).toEqual([['Enter', 'Enter'], '/clear']);
  const taken = openBox();
  await taken.typing.sendMessage(pane, taken.live(), '/model');
  // A menu that it opened would take one more as a choice.
  expect(taken.box.keys).toEqual(['Enter']);
});
