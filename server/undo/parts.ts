import { createGit, type Git } from '../git/git.ts';
import type { Log } from '../log.ts';
import { createWorkTrees, type WorkTrees } from '../work-tree/work-trees.ts';
import type { Undo, UndoStore } from './port.ts';
import { createShadowFolder, type ShadowFolder } from './shadow-folder.ts';
import { createUndo } from './undo.ts';

/** What knows the work trees of a machine, with its repositories in one folder of ours. */
export function createUndoParts({
  folder,
  env,
  now,
}: {
  folder: string;
  env: Readonly<Record<string, string>>;
  now(): Date;
}): {
  git: Git;
  workTrees: WorkTrees;
  folder: ShadowFolder;
} {
  const git = createGit({ folder, env });
  const shadows = createShadowFolder(folder);
  return {
    git,
    workTrees: createWorkTrees({ git, repository: shadows.emptyWith(git), now }),
    folder: shadows,
  };
}

/** Undo as the server uses it, and what knows the work trees. */
export function setUpUndo(how: {
  store: UndoStore;
  folder: string;
  env: Readonly<Record<string, string>>;
  log: Pick<Log, 'warn' | 'info' | 'debug'>;
  now(): Date;
}): { undo: Undo; workTrees: WorkTrees } {
  const { store, log, now } = how;
  const parts = createUndoParts(how);
  const undo = createUndo({
    ...parts,
    store,
    warn: (error, text) => log.warn({ err: error ?? undefined }, text),
    info: (text) => log.info(text),
    debug: (text) => log.debug(text),
    now,
  });
  return { undo, workTrees: parts.workTrees };
}
