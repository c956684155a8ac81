import { basename, dirname, join, relative } from 'node:path';
import { AppError } from '../app-error.ts';
import { statFile } from '../project-file/file.ts';
import { withFolder } from '../project-file/folder.ts';
import type { Projects } from '../session/port.ts';
import { walkTree } from '../work-tree/walk.ts';
import type { WorkTrees } from '../work-tree/work-trees.ts';
import { matchFiles } from './file-match.ts';
import type { ResolveProject } from './project-guard.ts';

/** While somebody types, the files of a project are listed once. */
const rememberMs = 5000;

const maxFiles = 50_000;
const maxFolders = 1000;

const patienceMs = 10_000;

const noFiles = { files: new Set<string>(), folders: new Set<string>() };

/** Folders whose files are never suggested, even if no .gitignore excludes them. */
const skipped = new Set(['node_modules', '.git', '.venv', '__pycache__', 'dist', 'target']);

export function createProjects(deps: {
  roots: readonly string[];
  resolveProject: ResolveProject;
  workTrees: WorkTrees;
  now(): Date;
}): Projects {
  const listed = new Map<string, { at: number; files: Promise<string[]> }>();

  async function toRow(path: string) {
    const isProject = await statFile(path, '.git').then(
      (found) => found !== null,
      () => false, // A root may have a link in its path; it is shown anyway.
    );
    return { name: basename(path), path, is_project: isProject };
  }

  async function filesOf(project: string): Promise<string[]> {
    const found = await deps.workTrees.find(project).catch(() => null);
    const files: string[] = [];
    const start = found ? relative(found.top, project) : '';
    const rules = found ? await deps.workTrees.rulesOf(found) : null;
    await walkTree(found?.top ?? project, {
      start,
      ignored: rules?.ignored ?? [],
      hasIgnoreFiles: found !== null,
      kept: rules?.tracked ?? noFiles,
      isSkipped: (name, isFolder) => name === '.git' || (!found && isFolder && skipped.has(name)),
      signal: AbortSignal.timeout(patienceMs),
      async onFiles(folder, entries) {
        for (const entry of entries)
          files.push(folder.pathOf(entry.name).slice(start ? start.length + 1 : 0));
        return files.length < maxFiles;
      },
    }).catch(() => {}); // What was found in time is better than nothing.
    return files.slice(0, maxFiles);
  }

  return {
    async folders(asked) {
      if (asked === undefined) {
        const roots = [...new Set(deps.roots)];
        return {
          path: null,
          parent: null,
          folders: await Promise.all(roots.map(async (path) => ({ ...(await toRow(path)), name: path }))),
        };
      }
      const path = await deps.resolveProject(asked);
      const entries = await withFolder(path, '', (folder) => folder.entries()).catch((error: Error) => {
        throw new AppError('project_not_found', `path: ${path} cannot be read (${error.message}).`, {
          field: 'path',
          cause: error,
        });
      });
      const names = (entries ?? [])
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !skipped.has(entry.name))
        .map(({ name }) => name);
      const shown = names.sort((a, b) => a.localeCompare(b)).slice(0, maxFolders);
      const parent = await deps.resolveProject(dirname(path)).catch(() => null);
      return {
        path,
        parent: parent === path ? null : parent,
        folders: await Promise.all(shown.map((name) => toRow(join(path, name)))),
      };
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
