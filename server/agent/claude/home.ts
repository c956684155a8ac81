import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { processStart } from '../process-tree.ts';

/** The folder in which the CLI keeps its files, as it finds it itself. */
export function claudeHome(env: Readonly<Record<string, string>>): string {
  return env['CLAUDE_CONFIG_DIR'] || join(env['HOME'] ?? '', '.claude');
}

/** The CLI's name for a project's folder of transcripts, given the real path of the project. */
export function slugOf(path: string): string {
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

/** The transcript of a session: where the project says, else in any project's folder. Null where there is none. */
export async function findTranscript(home: string, sessionId: string, project?: string): Promise<string | null> {
  const name = `${sessionId}.jsonl`;
  const projects = join(home, 'projects');
  if (project) {
    const real = await realpath(project).catch(() => project);
    const path = join(projects, slugOf(real), name);
    if (await isFile(path)) return path;
  }
  const folders = await readdir(projects).catch(() => []);
  const paths = folders.map((folder) => join(projects, folder, name));
  const exist = await Promise.all(paths.map(isFile));
  return paths[exist.indexOf(true)] ?? null;
}

/** The CLI's files there have about 1 KB. */
const maxSessionFile = 64 * 1024;

/** The pid of a live process of the CLI that has this session open, but for our `own`; null where there is none. */
export async function findLiveProcess(home: string, sessionId: string, own: ReadonlySet<number> = new Set()): Promise<number | null> {
  const folder = join(home, 'sessions');
  // Each is called after its process: ours need not be read.
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json') && !own.has(Number.parseInt(name, 10)));
  for (const name of names) {
    try {
      const path = join(folder, name);
      const found = await stat(path);
      // Anything that runs as this user can put a pipe there, which would hang whoever reads it.
      if (!found.isFile() || found.size > maxSessionFile) continue;
      const file = JSON.parse(await readFile(path, 'utf8'));
      if (file.sessionId !== sessionId || own.has(Number(file.pid))) continue;
      const start = await processStart(Number(file.pid));
      // A crash leaves the file behind, and the pid may be another program's by now.
      if (start !== null && (process.platform !== 'linux' || start === String(file.procStart))) return Number(file.pid);
    } catch {
      // Half written, or just removed.
    }
  }
  return null;
}
