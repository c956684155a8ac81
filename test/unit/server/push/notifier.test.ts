import { afterEach, expect, vi } from 'vitest';
import type { StoredEvent } from '../../../../contract/event.ts';
import type { Prompt } from '../../../../contract/prompt.ts';
import type { PushMessage } from '../../../../contract/push.ts';
import { createNotifier } from '../../../../server/push/notifier.ts';
import type { PushStore } from '../../../../server/push/port.ts';
import { createSeen } from '../../../../server/push/seen.ts';
import { verifies } from '../../../requirement/verifies.ts';

afterEach(() => {
  vi.useRealTimers();
});

const promptOf = (id: string) =>
  ({
    id,
    kind: 'permission',
    tool: 'Bash',
    input: { command: id },
    conv_id: 'c',
    turn_id: 't',
    opened_at: new Date().toISOString(),
  }) as unknown as Prompt;

/** A notifier of one device, with a clock that the test advances. Prompts are repeated after five minutes. */
function setUp(more: { devices?: readonly string[]; send?: (device: string) => void } = {}) {
  vi.useFakeTimers();
  const sent: PushMessage[] = [];
  const waiting: Prompt[] = [];
  const seen = createSeen();
  const store = {
    devices: () =>
      (more.devices ?? ['d']).map((id) => ({
        id,
        kind: 'web',
        label: 'phone',
        url: 'https://push.example',
        secret: {},
      })),
    settings: () => ({ kinds: ['needs_me'], quiet: null, again_after_min: 5 }),
    note() {},
    addAction() {},
    dropActions() {},
    deliveries: () => [],
  } as unknown as PushStore;
  const channel = {
    // Not async: a fault can also be thrown before there is a promise.
    send(device: { id: string }, message: PushMessage) {
      more.send?.(device.id);
      sent.push(message);
      return Promise.resolve();
    },
  };
  const notifier = createNotifier({
    store,
    channels: { web: channel, ntfy: channel, webhook: channel },
    seen,
    conversation: () => ({ title: 'c', notify: null }),
    waiting: () => waiting,
    warn(error) {
      throw error;
    },
    now: () => new Date(),
    newId: () => 'n',
  });
  const tell = (event: object) =>
    notifier.onEvent({ conv_id: 'c', at: new Date().toISOString(), ...event } as StoredEvent);
  return { sent, waiting, seen, tell };
}

verifies('push.policy', 'repeats a prompt that a page has shown, if no one has answered it', async () => {
  const { sent, waiting, seen, tell } = setUp();
  const prompt = promptOf('p1');
  waiting.push(prompt);
  tell({ type: 'prompt.opened', id: 5, turn_id: 't', prompt });
  seen.note('c', 5);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(6 * 60_000);
  expect(sent).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(sent).toHaveLength(4);
});

verifies(
  'push.policy',
  'repeats each of two prompts up to the limit, also when the other one is answered',
  async () => {
    const { sent, waiting, tell } = setUp();
    const prompts = [promptOf('p1'), promptOf('p2')] as const;
    waiting.push(...prompts);
    for (const [index, prompt] of prompts.entries())
      tell({ type: 'prompt.opened', id: 5 + index, turn_id: 't', prompt });
    await vi.advanceTimersByTimeAsync(10_000);
    waiting.pop();
    tell({ type: 'prompt.closed', id: 8, prompt_id: 'p2' });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(sent.filter(({ what }) => what.includes('p1'))).toHaveLength(4);
    expect(sent.filter(({ what }) => what.includes('p2'))).toHaveLength(1);
  },
);

verifies('machine.contained', 'notifies the other devices although the sender of one throws', async () => {
  const tried: string[] = [];
  const send = (device: string) => {
    tried.push(device);
    if (device === 'broken') throw new Error('injected');
  };
  const { sent, waiting, tell } = setUp({ devices: ['broken', 'fine'], send });
  const prompt = promptOf('p1');
  waiting.push(prompt);
  tell({ type: 'prompt.opened', id: 5, turn_id: 't', prompt });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(tried).toEqual(['broken', 'fine']);
  expect(sent).toHaveLength(1);
});
