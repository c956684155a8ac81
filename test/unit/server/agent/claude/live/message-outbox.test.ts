import { readFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { MessageOutbox } from '../../../../../../server/agent/claude/live/message-outbox.ts';
import { until } from '../../../../../helper/until.ts';

const toSpec = (messageId: string, path?: string) =>
  ({
    messageId,
    message: messageId,
    literal: false,
    attachments: path ? [{ name: 'a.txt', media_type: 'text/plain', path }] : [],
  }) as never;

function setUp() {
  const log: string[] = [];
  const state = { canWrite: false };
  const outbox = new MessageOutbox(() => state.canWrite);
  const add = (id: string, path?: string) =>
    outbox.add(toSpec(id, path), {
      write: (content) => log.push(`write ${id} ${content}`),
      onDrop: () => log.push(`drop ${id}`),
      onUnreadable: (detail) => log.push(`unreadable ${id} ${detail}`),
    });
  return { outbox, log, state, add };
}

test('writes one message at a time, in the order in which they were added', async () => {
  const { outbox, log, state, add } = setUp();
  add('one');
  add('two');
  await vi.waitFor(() => expect(outbox.isEmpty).toBe(false));
  state.canWrite = true;
  outbox.writeNext();
  expect(log).toEqual(['write one one']);
  outbox.writeNext();
  outbox.writeNext();
  expect(log).toEqual(['write one one', 'write two two']);
  expect(outbox.isEmpty).toBe(true);
});

test('a message can be dropped before it is written, and then never is', async () => {
  const { outbox, log, state, add } = setUp();
  add('one');
  add('two');
  outbox.drop('one');
  outbox.drop('unknown');
  outbox.drop(null);
  state.canWrite = true;
  await until('the other', () => log.includes('write two two') || void outbox.writeNext());
  expect(log).toEqual(['drop one', 'write two two']);
});

test('a message whose file cannot be read is reported once, also if it was dropped meanwhile', async () => {
  const { outbox, log, add } = setUp();
  add('lost', '/nowhere/a.txt');
  await until('the report', () => outbox.isEmpty);
  expect(log).toEqual([expect.stringMatching(/^unreadable lost An attachment cannot be read: ENOENT/)]);
  add('dropped', '/nowhere/a.txt');
  outbox.dropAll();
  // The outbox has been told that its own file is missing by then.
  await expect(readFile('/nowhere/a.txt')).rejects.toThrow();
  await new Promise(setImmediate);
  expect(log.slice(1)).toEqual(['drop dropped']);
});
