import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifMissingOrForbidden } from '../util/file-error.ts';

/** A transcript on disk. That of a sub-agent has the id of its session. */
export type TranscriptFile = {
  path: string;
  sessionId: string;
  agentId: string | null;
  size: number;
  modifiedMs: number;
};

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** Other files beside them (`agent-….jsonl` of older CLIs, files of a person) are not sessions. */
const transcript = new RegExp(`(?:^|/)(${uuid})\\.jsonl$`);
const ofAgent = new RegExp(`/(${uuid})/subagents/agent-([\\w-]+)\\.jsonl$`);
const sessionFolder = new RegExp(`^${uuid}$`);

/** How many files are examined at the same time. */
const concurrency = 64;

/** The session of a name in the folder of a project: that of its transcript, or of its own folder. */
export const parseSessionId = (name: string): string | null =>
  transcript.exec(name)?.[1] ?? (sessionFolder.test(name) ? name : null);

/** Where the sub-agents of a session have theirs. */
export const agentFolder = (projectFolder: string, sessionId: string): string =>
  join(projectFolder, sessionId, 'subagents');

/** A transcript; null if the file does not exist. */
export async function statTranscript(path: string): Promise<TranscriptFile | null> {
  const [, agentSession, agentId = null] = ofAgent.exec(path) ?? [];
  const sessionId = agentSession ?? transcript.exec(path)?.[1];
  const found = sessionId ? await stat(path).catch(ifMissingOrForbidden(null)) : null;
  return sessionId && found?.isFile()
    ? { path, sessionId, agentId, size: found.size, modifiedMs: found.mtimeMs }
    : null;
}

/** The folders of projects under the CLI's home. */
export async function projectFolders(home: string): Promise<string[]> {
  const root = join(home, 'projects');
  const names = await readdir(root).catch(ifMissingOrForbidden([]));
  return names.map((name) => join(root, name));
}

/** The transcripts of the sub-agents of a session. */
export async function agentPaths(projectFolder: string, sessionId: string): Promise<string[]> {
  const folder = agentFolder(projectFolder, sessionId);
  const names = await readdir(folder).catch(ifMissingOrForbidden([]));
  return names.map((name) => join(folder, name)).filter((path) => ofAgent.test(path));
}

/** Calls `work` for all, some at a time. */
async function forAll<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const all: R[] = [];
  for (let at = 0; at < items.length; at += concurrency)
    all.push(...(await Promise.all(items.slice(at, at + concurrency).map(work))));
  return all;
}

/** All transcripts in a folder of a project. */
export async function listFolder(folder: string): Promise<TranscriptFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ifMissingOrForbidden([]));
  const own = entries.filter(({ name }) => transcript.test(name)).map(({ name }) => join(folder, name));
  const sessions = entries
    .filter((entry) => entry.isDirectory() && sessionFolder.test(entry.name))
    .map(({ name }) => name);
  const ofAgents = (await forAll(sessions, (session) => agentPaths(folder, session))).flat();
  return (await forAll([...own, ...ofAgents], statTranscript)).filter((found) => found !== null);
}

/** All transcripts of the machine. */
export async function listTranscripts(home: string): Promise<TranscriptFile[]> {
  const all: TranscriptFile[] = [];
  for (const folder of await projectFolders(home))
    for (const file of await listFolder(folder)) all.push(file);
  return all;
}
