import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** A transcript as the disk shows it. */
export type Found = { path: string; sessionId: string; size: number; modifiedMs: number };

/** Other files beside them (`agent-….jsonl` of older CLIs, a person's own) are no sessions. */
const transcript = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.jsonl$/;

/** So many files are asked for at a time. */
const atOnce = 64;

export const isTranscript = (name: string): boolean => transcript.test(name);

/** A transcript; null where there is none (any more). */
export async function lookAt(path: string): Promise<Found | null> {
  const sessionId = transcript.exec(basename(path))?.[1];
  const found = sessionId ? await stat(path).catch(() => null) : null;
  return sessionId && found?.isFile() ? { path, sessionId, size: found.size, modifiedMs: found.mtimeMs } : null;
}

/** The folders of projects under the CLI's home. */
export async function projectFolders(home: string): Promise<string[]> {
  const root = join(home, 'projects');
  const names = await readdir(root).catch(() => []);
  return names.map((name) => join(root, name));
}

/** All transcripts in a folder of a project. */
export async function transcriptsIn(folder: string): Promise<Found[]> {
  const names = await readdir(folder).catch(() => []);
  const paths = names.filter(isTranscript).map((name) => join(folder, name));
  const found: Found[] = [];
  for (let at = 0; at < paths.length; at += atOnce) {
    const some = await Promise.all(paths.slice(at, at + atOnce).map(lookAt));
    for (const one of some) if (one) found.push(one);
  }
  return found;
}

/** All transcripts of the machine. */
export async function crawl(home: string): Promise<Found[]> {
  const all: Found[] = [];
  for (const folder of await projectFolders(home)) all.push(...(await transcriptsIn(folder)));
  return all;
}
