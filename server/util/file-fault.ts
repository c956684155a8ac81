import { lstatSync, readFileSync, readlinkSync, renameSync, statSync } from 'node:fs';
import { basename } from 'node:path';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? '';

const quoted = (path: string) =>
  /^[\w./~@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;

/** Whether a file may not be used by this user, as after a run with sudo. */
export const isForbidden = (error: unknown): boolean => ['EACCES', 'EPERM'].includes(codeOf(error));

/** Why a file (or a folder) cannot be used, with the fix, as a sentence without a period. */
export function describeFileFault(path: string, error: unknown, { isFolder = false } = {}): string {
  const own = lstatSync(path, { throwIfNoEntry: false });
  if (own?.isSymbolicLink()) {
    const target = readlinkSync(path);
    if (isLoop(path)) return `${path} is a link that leads in a circle: remove it`;
    if (!exists(path))
      return `${path} is a link to ${target}, which is not there: bring it back or remove the link`;
  }
  if (own?.isDirectory() && !isFolder)
    return `${path} is a folder, and a file is expected there: move it away`;
  if (!isForbidden(error)) return `${path}: ${(error as Error).message}`;
  if (own && process.getuid && own.uid !== process.getuid()) {
    return `${path} belongs to another user (uid ${own.uid}): give it back with sudo chown ${isFolder ? '-R ' : ''}$(id -un) ${quoted(path)}`;
  }
  return `${path} may not be used by this user: chmod ${isFolder ? '-R u+rwX' : 'u+rw'} ${quoted(path)}`;
}

function isLoop(path: string): boolean {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return codeOf(error) === 'ELOOP';
  }
}

function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Renames what cannot be read, so that nothing of it is lost; gives its new name. `ends` are those of files
 * that belong to it.
 */
export function keepAside(path: string, ends: readonly string[] = ['']): string {
  const time = new Date().toISOString().replaceAll(':', '-');
  const names = [
    `${path}.damaged-${time}`,
    ...Array.from({ length: 99 }, (_, index) => `${path}.damaged-${time}-${index + 2}`),
  ];
  const taken = (name: string) => ends.some((end) => lstatSync(name + end, { throwIfNoEntry: false }));
  const kept = names.find((name) => !taken(name)) as string;
  for (const end of ends) {
    try {
      renameSync(path + end, kept + end);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return kept;
}

/** Takes what a person must know about a file of the data folder: it is logged, and shown in the status. */
export type NoteFault = (file: string, text: string) => void;

/**
 * Reads a file that can be made again. What is there and cannot be used is kept aside, and noted with
 * `instead`; null then, and if there is none. `parse` gives null (or throws) for content that cannot be used.
 */
export function readRemakeable<T>(
  path: string,
  { parse, note, instead }: { parse(text: string): T | null; note: NoteFault; instead: string },
): T | null {
  let fault = `${path} is damaged`;
  try {
    const value = parse(readFileSync(path, 'utf8'));
    if (value !== null) return value;
  } catch (error) {
    if (!lstatSync(path, { throwIfNoEntry: false })) return null;
    if (codeOf(error)) fault = describeFileFault(path, error);
  }
  const keptAs = keepAside(path);
  note(path, `${fault}. It is kept as ${basename(keptAs)}; ${instead}.`);
  return null;
}
