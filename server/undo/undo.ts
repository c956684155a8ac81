import type { z } from 'zod';
import type { TurnChanges, Undone } from '../../contract/undo.ts';
import { AppError } from '../app-error.ts';
import type { Git } from '../git/git.ts';
import { createMutex } from '../util/mutex.ts';
import type { Repository } from '../work-tree/repository.ts';
import type { WorkTrees } from '../work-tree/work-trees.ts';
import { FileNotes, noteTimeoutMs } from './file-notes.ts';
import { collectGarbage } from './garbage.ts';
import { planRestore } from './plan-restore.ts';
import type { Undo, UndoRecord, UndoStore } from './port.ts';
import { checkReach, restoreFiles } from './restore.ts';
import { createShadow, type Shadow } from './shadow.ts';
import type { ShadowFolder } from './shadow-folder.ts';
import { compareTrees, countLines, diffTrees } from './trees.ts';

/** How many turns of a work tree can be undone. */
const maxTurns = 100;

/** After how many forgotten turns the objects are removed that only they needed. */
const collectAfter = 50;

const maxDiff = 400_000;

export type UndoDeps = {
  store: UndoStore;
  git: Git;
  workTrees: WorkTrees;
  folder: ShadowFolder;
  warn(error: unknown, text: string): void;
  info(text: string): void;
  debug(text: string): void;
  now(): Date;
};

export const createUndo = (deps: UndoDeps): Undo => new ShadowUndo(deps);

/**
 * Undo by repositories of our own: each work tree has one in the data folder that keeps its files from before
 * and after each turn. Git never runs on the work tree, which is read and written by `project-file/` alone.
 */
class ShadowUndo implements Undo {
  readonly #deps: UndoDeps;
  readonly #shadow: Shadow;
  readonly #notes: FileNotes;
  readonly #inTop = createMutex();
  /** By work tree: how many turns were forgotten since its garbage was collected. */
  readonly #forgotten = new Map<string, number>();

  constructor(deps: UndoDeps) {
    this.#deps = deps;
    this.#shadow = createShadow(deps);
    this.#notes = new FileNotes({
      ...deps,
      shadow: this.#shadow,
      inTop: this.#inTop,
      store: (turnId, top, tree) => this.#addRecord(turnId, top, tree),
    });
  }

  before(turnId: string, project: string): Promise<void> {
    return this.#notes.noteBefore(turnId, project);
  }

  async after(turnId: string): Promise<void> {
    const { store, warn } = this.#deps;
    try {
      const record = store.get(turnId);
      if (!record) return;
      await this.#inTop(record.top, async () => {
        const workTree = await this.#findWorkTree(record);
        const tree = await this.#shadow.tree(workTree, AbortSignal.timeout(noteTimeoutMs));
        store.setAfter(turnId, tree);
        await this.#collectGarbage(record.top, tree);
      });
    } catch (error) {
      warn(null, `the files after turn ${turnId} could not be noted: ${(error as Error).message}`);
    }
  }

  async changes(turnId: string): Promise<TurnChanges> {
    return this.#inRecord(turnId, async (record, current) => {
      const { before, top } = record;
      const { git, repository } = this.#repositoryOf(top);
      // While the turn runs, its end is the current state of the files.
      const after = record.after ?? current;
      const [all, counts, changedSince, notUndone] = await Promise.all([
        compareTrees(git, repository, before, after),
        countLines(git, repository, before, after),
        compareTrees(git, repository, after, current).then(pathsOf),
        compareTrees(git, repository, before, current).then(pathsOf),
      ]);
      const stateOf = (path: string) => {
        if (!changedSince.has(path)) return 'as_left';
        return notUndone.has(path) ? 'changed_since' : 'undone';
      };
      const files = all.map(({ path, from, to }): TurnChanges['files'][number] => ({
        path,
        status: from ? (to ? 'modified' : 'deleted') : 'added',
        ...(counts.get(path) ?? { added: null, removed: null }),
        now: stateOf(path),
      }));
      const diff = all.length ? await diffTrees(git, repository, before, after) : '';
      return { turn_id: turnId, top, files, diff: diff.slice(0, maxDiff), clipped: diff.length > maxDiff };
    });
  }

  async apply(
    turnId: string,
    { files, redo }: { files?: readonly string[] | undefined; redo: boolean },
  ): Promise<z.infer<typeof Undone>> {
    return this.#inRecord(turnId, async ({ before, after, top }, current) => {
      // Without the after-state, later changes cannot be distinguished from those of the turn.
      if (!after)
        throw new AppError(
          'nothing_to_undo',
          `The files at the end of turn ${turnId} were not noted, or it still runs.`,
        );
      const { git, repository } = this.#repositoryOf(top);
      const [from, to] = redo ? [before, after] : [after, before];
      const [changes, movedOn, toRestore] = await Promise.all([
        compareTrees(git, repository, from, to),
        compareTrees(git, repository, from, current).then(pathsOf),
        compareTrees(git, repository, current, to),
      ]);
      const pending = new Map(toRestore.map((difference) => [difference.path, difference]));
      const wanted = planRestore({ changes, movedOn, pending, files, redo });
      await checkReach(top, wanted);
      await restoreFiles(
        git,
        repository,
        top,
        wanted.filter(({ path }) => pending.has(path)),
      );
      return { turn_id: turnId, files: wanted.map(({ path }) => path) };
    });
  }

  sweep(): Promise<void> {
    return this.#deps.folder.sweep(this.#deps.now());
  }

  #addRecord(turnId: string, top: string, tree: string): void {
    const { store, now } = this.#deps;
    store.add({ turn_id: turnId, top, before: tree, after: null, at: now().toISOString() });
    const old = store.beyond(top, maxTurns);
    for (const { turn_id } of old) store.remove(turn_id);
    this.#forgotten.set(top, (this.#forgotten.get(top) ?? 0) + old.length);
  }

  /** Removes the objects that no turn needs any longer. */
  async #collectGarbage(top: string, current: string): Promise<void> {
    if ((this.#forgotten.get(top) ?? 0) < collectAfter) return;
    this.#forgotten.delete(top);
    const records = this.#deps.store.beyond(top, 0);
    const trees = records.flatMap(({ before, after }) => (after ? [before, after] : [before]));
    const { git, repository } = this.#repositoryOf(top);
    await collectGarbage(git, repository, new Set([...trees, current]));
  }

  /** Runs `work` alone in the work tree of a turn, with the tree of its current files. */
  async #inRecord<T>(turnId: string, work: (record: UndoRecord, current: string) => Promise<T>): Promise<T> {
    const { top } = this.#requireRecord(turnId);
    return this.#inTop(top, async () => {
      // Read again: the end of a turn that has just ended is noted first.
      const record = this.#requireRecord(turnId);
      return work(record, await this.#shadow.tree(await this.#findWorkTree(record)));
    });
  }

  #requireRecord(turnId: string): UndoRecord {
    const record = this.#deps.store.get(turnId);
    if (record) return record;
    const reason = this.#notes.reasonOf(turnId);
    const detail = `No files were noted for turn ${turnId}${reason ? `: ${reason}` : ''}.`;
    throw new AppError('nothing_to_undo', detail);
  }

  #repositoryOf(top: string): { git: Git; repository: string } {
    return { git: this.#deps.git, repository: this.#deps.folder.repositoryOf(top) };
  }

  /** The work tree of a turn as it is now. */
  async #findWorkTree({ turn_id, top, before }: UndoRecord): Promise<Repository> {
    const workTree = await this.#deps.workTrees.find(top).catch((error: Error) => {
      const detail = `Turn ${turn_id} cannot be undone: ${error.message}.`;
      throw new AppError('nothing_to_undo', detail, { cause: error });
    });
    if (workTree?.top !== top)
      throw new AppError('nothing_to_undo', `${top} is not a git work tree any more.`);
    if (!(await this.#hasTree(top, before)))
      throw new AppError('nothing_to_undo', `What was noted for turn ${turn_id} is not there any more.`);
    return workTree;
  }

  async #hasTree(top: string, tree: string): Promise<boolean> {
    const { git, repository } = this.#repositoryOf(top);
    if (!(await this.#deps.folder.exists(repository))) return false;
    return git.run(repository, ['cat-file', '-e', tree]).then(
      () => true,
      () => false,
    );
  }
}

const pathsOf = (differences: readonly { path: string }[]) => new Set(differences.map(({ path }) => path));
