/**
 * What the kernel says of a process in `/proc/<pid>/stat`. `start` is in its own units, and unique for a pid
 * on one boot.
 */
export type ProcessStat = { session: number; start: string };

/**
 * Null for a process that has ended and waits until its parent takes note of it, which can take seconds on a
 * busy machine.
 */
export function parseProcessStat(text: string): ProcessStat | null {
  // The name, field 2, may hold spaces and brackets. The session is field 6, the start field 22.
  const [state = 'X', ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const start = fields[18];
  return state === 'Z' || state === 'X' || start === undefined ? null : { session: Number(fields[2]), start };
}
