import { readFileSync } from 'node:fs';

/** How many files this process may have open; null where the system does not say (only Linux does). */
export function readOpenFileLimit(): number | null {
  try {
    const count = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return count === undefined ? null : Number(count);
  } catch {
    return null;
  }
}
