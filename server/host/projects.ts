import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../app-error.ts';
import { runProgram } from '../child-process.ts';
import { matchFiles } from './file-match.ts';
import type { Projects } from './port.ts';
import type { ResolveProject } from './project-guard.ts';

/** While somebody types, the files of a project are listed once. */
const rememberMs = 5000;

const maxFiles = 50_000;
const maxFolders = 1000;

/** Folders that nobody wants to pick a file from, where no .gitignore says so. */
const skipped = new Set(['node_modules', '.git', '.venv', '__pycache__', 'dist', 'target']);

export function createProjects(deps: {
  roots: readonly string[];
  resolveProject: ResolveProject;
  env: Readonly<Record<string, string>>;
  now(): Date;
}): Projects {
  const listed = new Map<string, { at: number; files: Promise<string[]> }>();

  async function toRow(path: string) {
    const isProject = await stat(join(path, '.git')).then(
      () => true,
      () => false,
    );
    return { name: basename(path), path, is_project: isProject };
  }

  async function filesOf(project: string): Promise<string[]> {
    try {
      // Untracked files too, in the tree as it stands; the lock of the index is left to the agent.
      const options = { cwd: project, maxBytes: 32 << 20, timeoutMs: 10_000, env: { ...deps.env, GIT_OPTIONAL_LOCKS: '0' } };
      const { stdout } = await runProgram('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '-z'], options);
      return stdout.split('\0').filter(Boolean).slice(0, maxFiles);
    } catch {
      return walk(project); // It is no git work tree, or there is no git.
    }
  }

  return {
    async folders(asked) {
      if (asked === undefined) {
        const roots = [...new Set(deps.roots)];
        return { path: null, parent: null, folders: await Promise.all(roots.map(async (path) => ({ ...(await toRow(path)), name: path }))) };
      }
      const path = await deps.resolveProject(asked);
      const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
        throw new AppError('project_not_found', `path: ${path} cannot be read (${error.code}).`, { field: 'path' });
      });
      const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !skipped.has(entry.name)).map(({ name }) => name);
      const shown = names.sort((a, b) => a.localeCompare(b)).slice(0, maxFolders);
      const parent = await deps.resolveProject(dirname(path)).catch(() => null);
      return { path, parent: parent === path ? null : parent, folders: await Promise.all(shown.map((name) => toRow(join(path, name)))) };
    },
    async files(project, query, limit) {
      const at = deps.now().getTime();
      const known = listed.get(project);
      if (!known || at - known.at > rememberMs) {
        listed.clear();
        listed.set(project, { at, files: filesOf(project) });
      }
      return matchFiles((await listed.get(project)?.files) ?? [], query, limit);
    },
  };
}

/** The files of a folder, level by level, up to a bound. Links are not followed. */
async function walk(project: string): Promise<string[]> {
  const files: string[] = [];
  let level = [''];
  while (level.length && files.length < maxFiles) {
    const next: string[] = [];
    for (const folder of level) {
      const entries = await readdir(join(project, folder), { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        const path = folder ? `${folder}/${entry.name}` : entry.name;
        if (entry.isFile()) files.push(path);
        else if (entry.isDirectory() && !skipped.has(entry.name)) next.push(path);
      }
    }
    level = next;
  }
  return files.slice(0, maxFiles);
}
