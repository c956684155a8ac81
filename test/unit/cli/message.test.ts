import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Context } from '../../../cli/command.ts';
import { readMessage } from '../../../cli/message.ts';

type Given = { message?: string; file?: string; piped?: string; isTerminal?: boolean };

/** The message that is sent; `notes` is a file with one line. */
async function messageFor({ message, file, piped = '', isTerminal = false }: Given): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sb-message-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'notes'), 'from a file\n');
  const input = { read: async () => piped, readPiped: async () => (isTerminal ? '' : piped) };
  const path = file === 'notes' || file === 'missing' ? join(folder, file) : file;
  return readMessage({ input, out: { isTerminal } } as unknown as Context, message, { file: path });
}

test.each<[Given, string]>([
  [{ message: 'explain' }, 'explain'],
  [{ message: 'explain\n' }, 'explain\n'],
  [{ message: 'explain', piped: 'a diff\n' }, 'explain\n\na diff\n'],
  [{ message: 'explain', piped: '\n' }, 'explain'],
  [{ message: 'explain', isTerminal: true }, 'explain'],
  [{ message: 'explain', file: 'notes' }, 'explain\n\nfrom a file\n'],
  [{ message: 'explain', file: 'notes', piped: 'a diff' }, 'explain\n\nfrom a file\n\na diff'],
  [{ message: 'explain', file: '-', piped: 'a diff' }, 'explain\n\na diff'],
  [{ message: '-', piped: 'a diff\n' }, 'a diff\n'],
  [{ message: '-', file: 'notes', piped: 'a diff' }, 'from a file\n\na diff'],
  [{ file: 'notes', piped: 'a diff' }, 'from a file\n\na diff'],
  [{ file: 'notes' }, 'from a file\n'],
  [{ piped: 'a diff\n' }, 'a diff\n'],
])('%j is sent as %j', async (given, sent) => {
  expect(await messageFor(given)).toBe(sent);
});

test.each<[Given, RegExp]>([
  [{}, /The message is empty/],
  [{ message: ' ' }, /The message is empty/],
  [{ isTerminal: true }, /Give a message, --file, or pipe one in/],
  [{ message: 'explain', file: 'missing' }, /missing cannot be read \(ENOENT\)/],
])('%j is refused', async (given, words) => {
  await expect(messageFor(given)).rejects.toThrow(words);
});
