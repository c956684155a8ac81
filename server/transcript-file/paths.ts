import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifMissing, ifMissingOrForbidden } from '../util/file-error.ts';
import { toTranscriptError } from './open-transcript.ts';

/** The folder in which the CLI keeps its files, as it finds it itself. */
export function claudeHome(env: Readonly<Record<string, string>>): string {
  return env['CLAUDE_CONFIG_DIR'] || join(env['HOME'] ?? '', '.claude');
}

/** The CLI's name for a project's folder of transcripts, given the real path of the project. */
export function toProjectSlug(path: string): string {
  const slug = path.replace(/[^a-zA-Z0-9]/g, '-');
  if (slug.length <= 200) return slug;
  let hash = 0;
  for (let i = 0; i < path.length; i += 1) hash = ((hash << 5) - hash + path.charCodeAt(i)) | 0;
  return `${slug.slice(0, 200)}-${Math.abs(hash).toString(36)}`;
}

const isFile = (path: string): Promise<boolean> => stat(path).then((stats) => stats.isFile());

/**
 * The transcript of a session, in the folder of the project or else of any project. Null if there is none. Throws if
 * this cannot be found out now: "not found" would make the session start again.
 */
export async function findTranscript(
  home: string,
  sessionId: string,
  project?: string,
): Promise<string | null> {
  const name = `${sessionId}.jsonl`;
  const projects = join(home, 'projects');
  if (project) {
    const real = await realpath(project).catch(() => project);
    const path = join(projects, toProjectSlug(real), name);
    const isThere = await isFile(path)
      .catch(ifMissing(false))
      .catch((error) => Promise.reject(toTranscriptError(path, error)));
    if (isThere) return path;
  }
  const folders = await readdir(projects)
    .catch(ifMissing([]))
    .catch((error) => Promise.reject(toTranscriptError(projects, error)));
  const paths = folders.map((folder) => join(projects, folder, name));
  // A folder that this user may not read belongs to another project and must not block this one.
  const exist = await Promise.all(paths.map((path) => isFile(path).catch(ifMissingOrForbidden(false))));
  return paths[exist.indexOf(true)] ?? null;
}
