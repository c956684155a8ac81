import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isExhaustion } from '../util/exhaustion.ts';

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

async function isFile(path: string): Promise<boolean> {
  return stat(path)
    .then((found) => found.isFile())
    .catch(() => false);
}

/**
 * The transcript of a session, in the folder of the project or else of any project. Null if there is none.
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
    if (await isFile(path)) return path;
  }
  const folders = await readdir(projects).catch((error) => {
    // Without free descriptors the search fails; "not found" would make the session start again.
    if (isExhaustion(error)) throw error;
    return [];
  });
  const paths = folders.map((folder) => join(projects, folder, name));
  const exist = await Promise.all(paths.map(isFile));
  return paths[exist.indexOf(true)] ?? null;
}
