import { open, stat } from 'node:fs/promises';
import type { Entry } from '../../../transcript/entry.ts';
import { parseLine } from '../../../transcript/jsonl.ts';

/**
 * Detects that another program has continued a session: a live process read its transcript at the start, and would
 * answer without what a terminal added since. `note` is called when the process has nothing to do.
 */
export function createStaleCheck(find: () => Promise<string | null>) {
  let noted: { path: string; size: number; at: string } | null = null;
  return {
    async note(at: Date): Promise<void> {
      const path = await find();
      const found = path && (await stat(path).catch(() => null));
      noted = path && found ? { path, size: found.size, at: at.toISOString() } : null;
    },
    async isStale(): Promise<boolean> {
      if (!noted) return false;
      const found = await stat(noted.path).catch(() => null);
      // It was removed: this process remembers what was said, and a new one would not.
      if (!found) return false;
      if (found.size <= noted.size) return false;
      const added = await readFrom(noted.path, noted.size, found.size);
      // The process itself still writes for a moment after its result: of what was said before it was noted.
      const { at } = noted;
      return added.some(
        (entry) => (entry.type === 'user' || entry.type === 'assistant') && (entry.timestamp ?? '') > at,
      );
    },
  };
}

async function readFrom(path: string, from: number, to: number): Promise<Entry[]> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    return lines.map((line) => parseLine(line) as Entry | null).filter((entry) => entry !== null);
  } finally {
    await file.close();
  }
}
