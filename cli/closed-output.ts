import { fstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';

const shells = new Set('sh bash dash ash zsh ksh mksh fish busybox'.split(' '));

/** The access mode in the flags of an open file: 0 is for reading, 1 for writing, 2 for both. */
const accessMode = 3;
const readAndWrite = 2;

/** Whether standard output of a process is /dev/null, opened for reading and writing. */
function isNullForBoth(pid: number | 'self'): boolean {
  if (readlinkSync(`/proc/${pid}/fd/1`) !== '/dev/null') return false;
  const [, flags = ''] = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/1`, 'utf8')) ?? [];
  return (Number.parseInt(flags, 8) & accessMode) === readAndWrite;
}

/**
 * Whether a shell started this command without a standard output (`>&-`). Node opens /dev/null in its place, for reading
 * and writing, before anything of ours runs. Other programs give a child the same to discard its output (DEVNULL of
 * Python, 'ignore' of Node); for `> /dev/null` a shell opens it for writing alone. False where there is no /proc.
 */
export function isOutputClosed(): boolean {
  try {
    if (fstatSync(1).rdev !== statSync('/dev/null').rdev || !isNullForBoth('self')) return false;
    return shells.has(readFileSync(`/proc/${process.ppid}/comm`, 'utf8').trim()) && !hasSameOutput();
  } catch {
    return false;
  }
}

/** Whether the shell itself was given such an output, which this command has inherited. */
function hasSameOutput(): boolean {
  try {
    return isNullForBoth(process.ppid);
  } catch {
    return false; // It has none either.
  }
}
