import type { TurnChanges } from '../../contract/undo.ts';
import { AppError } from '../app-error.ts';
import { type Git, StartError } from '../git/git.ts';
import { isExhaustion } from '../util/exhaustion.ts';
import { createMutex } from '../util/mutex.ts';
import { ForeignRepositoryError, type Repository } from '../work-tree/repository.ts';
import type { WorkTrees } from '../work-tree/work-trees.ts';
import { collectGarbage } from './garbage.ts';
import type { Undo, UndoRecord, UndoStore } from './port.ts';
import { checkReach, namesOf, restore } from './restore.ts';
import { createShadow } from './shadow.ts';
import type { ShadowFolder } from './shadow-folder.ts';
import { compareTrees, countLines, diffOf } from './trees.ts';

/** The most turns of a work tree that can be undone. */
const keep = 100;

/** After so many were forgotten, what only they needed is removed. */
const collectAfter = 50;

const maxDiff = 400_000;

/** Longer than this no turn waits until its files are noted. */
const patienceMs = 5_000;

/** A work tree that takes longer than this even without a turn that waits is given up. */
const maxNotingMs = 5 * 60_000;

const hopelessMs = 10 * 60_000;

/** For so many turns it is remembered why they cannot be undone. */
const maxReasons = 500;

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

/**
 * Undo by repositories of our own: each work tree has one in the data folder that keeps its files from before and after each
 * turn. Git never runs on the work tree, which is read and written by `project-file/` alone.
 */
export function createUndo({ store, git, workTrees, folder, warn, info, debug, now }: UndoDeps): Undo {
  const shadow = createShadow({ git, folder, workTrees });
  /** Work trees whose files could not be noted: until when that is not tried again, and why. */
  const hopeless = new Map<string, { until: number; why: string }>();
  /** Work trees whose first noting goes on beside the turns. */
  const late = new Set<string>();
  const reasons = new Map<string, string>();
  const told = new Set<string>();
  const forgotten = new Map<string, number>();
  /** One at a time in a work tree: the end of a turn is noted before the next one begins. */
  const inTop = createMutex();

  function tellOnce(tell: (text: string) => void, text: string): void {
    if (told.has(text)) return;
    told.add(text);
    tell(text);
  }

  function noteReason(turnId: string, why: string): void {
    reasons.set(turnId, why);
    if (reasons.size > maxReasons) reasons.delete(reasons.keys().next().value as string);
  }

  function prune(top: string): void {
    const old = store.beyond(top, keep);
    for (const { turn_id } of old) store.remove(turn_id);
    forgotten.set(top, (forgotten.get(top) ?? 0) + old.length);
  }

  /** Removes what no turn needs any more. */
  async function collect(top: string, current: string): Promise<void> {
    if ((forgotten.get(top) ?? 0) < collectAfter) return;
    forgotten.delete(top);
    const trees = store.beyond(top, 0).flatMap(({ before, after }) => (after ? [before, after] : [before]));
    await collectGarbage(git, folder.repositoryOf(top), new Set([...trees, current]));
  }

  /** Notes the files before a turn, unless the turn has stopped waiting for it. */
  async function noteBefore(turnId: string, found: Repository, isAwaited: () => boolean): Promise<void> {
    const { top } = found;
    const tree = await shadow.tree(found, AbortSignal.timeout(maxNotingMs));
    if (!isAwaited()) return;
    store.add({ turn_id: turnId, top, before: tree, after: null, at: now().toISOString() });
    prune(top);
  }

  async function waitForNoting(turnId: string, found: Repository): Promise<void> {
    const { top } = found;
    let isAwaited = true;
    const isKnown = await shadow.isKnown(top);
    const noting = inTop(top, () => noteBefore(turnId, found, () => isAwaited));
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), patienceMs).unref();
    });
    try {
      if ((await Promise.race([noting, patience])) !== 'late') return;
    } finally {
      clearTimeout(timer);
    }
    isAwaited = false;
    late.add(top);
    const why = `the files of ${top} take more than ${patienceMs / 1000} s to note`;
    noteReason(turnId, why);
    info(`${why}: it goes on beside the turn, and the turn cannot be undone`);
    noting
      // The first time everything has to be read; if it takes long each time, no turn is to wait in vain.
      .then(() => isKnown && hopeless.set(top, { until: now().getTime() + hopelessMs, why }))
      .catch((error) => giveUp(top, error))
      .finally(() => late.delete(top));
  }

  function giveUp(top: string, error: unknown): void {
    const why = (error as Error).message;
    // Without descriptors or memory for a moment, nothing is wrong with the work tree.
    if (isExhaustion(error)) return;
    hopeless.set(top, { until: now().getTime() + hopelessMs, why });
    // Without git there is no undo anywhere; that is how some machines are.
    const isGitMissing = error instanceof StartError && error.code === 'ENOENT';
    if (isGitMissing) tellOnce(debug, `git cannot be run, so no turn can be undone: ${why}`);
    else
      tellOnce(
        (text) => warn(null, text),
        `the files of ${top} cannot be noted, and turns there cannot be undone: ${why}`,
      );
  }

  function need(turnId: string): UndoRecord {
    const record = store.get(turnId);
    if (record) return record;
    const why = reasons.get(turnId);
    throw new AppError('nothing_to_undo', `No files were noted for turn ${turnId}${why ? `: ${why}` : ''}.`);
  }

  /** The work tree of a turn as it is now. */
  async function workTreeOf({ turn_id, top, before }: UndoRecord): Promise<Repository> {
    const found = await workTrees.find(top).catch((error: Error) => {
      throw new AppError('nothing_to_undo', `Turn ${turn_id} cannot be undone: ${error.message}.`, {
        cause: error,
      });
    });
    if (found?.top !== top) throw new AppError('nothing_to_undo', `${top} is not a git work tree any more.`);
    const repository = folder.repositoryOf(top);
    const isThere =
      (await folder.exists(repository)) &&
      (await git.run(repository, ['cat-file', '-e', before]).then(
        () => true,
        () => false,
      ));
    if (!isThere)
      throw new AppError('nothing_to_undo', `What was noted for turn ${turn_id} is not there any more.`);
    return found;
  }

  return {
    async before(turnId, project) {
      let top = project;
      try {
        const found = await workTrees.find(project);
        if (!found) return;
        top = found.top;
        const given = hopeless.get(top);
        if (given && given.until > now().getTime()) return noteReason(turnId, given.why);
        if (late.has(top)) return noteReason(turnId, 'its files were still being noted for the first time');
        await waitForNoting(turnId, found);
      } catch (error) {
        noteReason(turnId, (error as Error).message);
        if (error instanceof ForeignRepositoryError)
          tellOnce(info, `Turns there cannot be undone: ${error.message}`);
        else giveUp(top, error);
      }
    },
    async after(turnId) {
      try {
        const record = store.get(turnId);
        if (!record) return;
        await inTop(record.top, async () => {
          const tree = await shadow.tree(await workTreeOf(record), AbortSignal.timeout(maxNotingMs));
          store.setAfter(turnId, tree);
          await collect(record.top, tree);
        });
      } catch (error) {
        warn(null, `the files after turn ${turnId} could not be noted: ${(error as Error).message}`);
      }
    },
    async changes(turnId) {
      const { top } = need(turnId);
      return inTop(top, async () => {
        // Read when its turn has come: the end of a turn that has just ended is noted before.
        const record = need(turnId);
        const { before } = record;
        const repository = folder.repositoryOf(top);
        const current = await shadow.tree(await workTreeOf(record));
        // While it runs, its end is how the files are now.
        const after = record.after ?? current;
        const [all, counts, moved, back] = await Promise.all([
          compareTrees(git, repository, before, after),
          countLines(git, repository, before, after),
          compareTrees(git, repository, after, current).then(toPaths),
          compareTrees(git, repository, before, current).then(toPaths),
        ]);
        const files = all.map(({ path, from, to }): TurnChanges['files'][number] => ({
          path,
          status: !from ? 'added' : to ? 'modified' : 'deleted',
          ...(counts.get(path) ?? { added: null, removed: null }),
          now: !moved.has(path) ? 'as_left' : back.has(path) ? 'changed_since' : 'undone',
        }));
        const diff = all.length ? await diffOf(git, repository, before, after) : '';
        return { turn_id: turnId, top, files, diff: diff.slice(0, maxDiff), clipped: diff.length > maxDiff };
      });
    },
    async apply(turnId, { files, redo }) {
      const { top } = need(turnId);
      return inTop(top, async () => {
        const record = need(turnId);
        const { before, after } = record;
        // As it is now it cannot be told from what was changed since.
        if (!after)
          throw new AppError(
            'nothing_to_undo',
            `The files at the end of turn ${turnId} were not noted, or it still runs.`,
          );
        const repository = folder.repositoryOf(top);
        const current = await shadow.tree(await workTreeOf(record));
        const [from, to] = redo ? [before, after] : [after, before];
        const [all, other, back] = await Promise.all([
          compareTrees(git, repository, from, to),
          compareTrees(git, repository, from, current).then(toPaths),
          compareTrees(git, repository, current, to).then(
            (found) => new Map(found.map((one) => [one.path, one])),
          ),
        ]);
        const paths = all.map(({ path }) => path);
        // What is already as it is to be was undone on its own before.
        const wanted = files
          ? paths.filter((path) => files.includes(path))
          : paths.filter((path) => back.has(path));
        const known = new Set(paths);
        const unknown = files?.filter((path) => !known.has(path)) ?? [];
        if (unknown.length)
          throw new AppError('nothing_to_undo', `The turn did not change ${namesOf(unknown)}.`, {
            field: 'files',
          });
        if (!wanted.length) {
          const why = all.length
            ? `All its files are as they were ${redo ? 'after' : 'before'} it.`
            : 'The turn changed no file that git does not ignore.';
          throw new AppError('nothing_to_undo', why);
        }
        const changed = wanted.filter((path) => other.has(path) && back.has(path));
        if (changed.length)
          throw new AppError('files_changed', `These have changed since then: ${namesOf(changed)}.`);
        const targets = new Map(all.map((one) => [one.path, one.to]));
        await checkReach(
          top,
          wanted.map((path) => ({ path, to: targets.get(path) ?? null, isThere: isThereNow(path) })),
        );
        await restore(
          git,
          repository,
          top,
          wanted
            .filter((path) => back.has(path))
            .map((path) => ({ path, to: targets.get(path) ?? null, isThere: true })),
        );
        return { turn_id: turnId, files: wanted };

        function isThereNow(path: string): boolean {
          const row = back.get(path);
          return row ? row.from !== null : (targets.get(path) ?? null) !== null;
        }
      });
    },
    sweep: () => folder.sweep(now()),
  };
}

const toPaths = (found: readonly { path: string }[]) => new Set(found.map(({ path }) => path));
