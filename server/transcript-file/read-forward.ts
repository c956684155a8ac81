import type { FileHandle } from 'node:fs/promises';

/** Read at a time where a whole file is wanted. */
const manyBytes = 1024 * 1024;

/** A longer line is passed over: no message is so long. */
const maxLineBytes = 64 * 1024 * 1024;

/** A whole line without its LF, and where it begins. `bytes` is null for one that is too long. */
export type Line = { bytes: Buffer | null; start: number; end: number };

/**
 * The lines of a file from `start` on, as they come. What is behind the last LF may still be written: it is
 * not given.
 */
export async function* readLinesForward(
  file: FileHandle,
  start: number,
  chunkBytes = manyBytes,
): AsyncGenerator<Line> {
  let position = start;
  let lineStart = start;
  let pieces: Buffer[] = [];
  let held = 0;
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
    if (!bytesRead) return;
    let from = 0;
    for (let at = buffer.indexOf(0x0a); at >= 0 && at < bytesRead; at = buffer.indexOf(0x0a, from)) {
      const last = buffer.subarray(from, at);
      const end = position + at + 1;
      const isTooLong = held + last.length > maxLineBytes;
      yield {
        bytes: isTooLong ? null : pieces.length ? Buffer.concat([...pieces, last]) : last,
        start: lineStart,
        end,
      };
      pieces = [];
      held = 0;
      lineStart = end;
      from = at + 1;
    }
    const rest = buffer.subarray(from, bytesRead);
    held += rest.length;
    if (held <= maxLineBytes) pieces.push(rest);
    else pieces = [];
    position += bytesRead;
  }
}
