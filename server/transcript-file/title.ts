import { open } from 'node:fs/promises';

const lineFeed = 0x0a;

/**
 * Adds a title to a transcript, as the CLI does: by one line at its end, so that it can be done beside a
 * process that writes.
 */
export async function appendTitle(path: string, sessionId: string, title: string): Promise<void> {
  const file = await open(path, 'a+');
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
    // What a crash left of a last line must not take this one along.
    const start = size > 0 && buffer[0] !== lineFeed ? '\n' : '';
    await file.write(`${start}${JSON.stringify({ type: 'custom-title', customTitle: title, sessionId })}\n`);
  } finally {
    await file.close();
  }
}
