import { StartError } from '../git/git.ts';
import { isExhaustion } from '../util/exhaustion.ts';
import type { createMutex } from '../util/mutex.ts';
import { settlesWithin } from '../util/timeout.ts';
import { ForeignRepositoryError, type Repository } from '../work-tree/repository.ts';
import type { WorkTrees } from '../work-tree/work-trees.ts';
import type { Shadow } from './shadow.ts';

/** How long a turn waits until its files are noted. */
const turnTimeoutMs = 5_000;

/** A work tree that takes longer than this, even with no turn waiting, is given up. */
export const noteTimeoutMs = 5 * 60_000;

/** How long until a work tree that was given up is tried again. */
const retryDelayMs = 10 * 60_000;

/** For how many turns the reason is kept why they cannot be undone. */
const maxReasons = 500;

export type FileNotesDeps = {
  shadow: Shadow;
  workTrees: WorkTrees;
  /** One task at a time in a work tree: the end of a turn is noted before the next turn begins. */
  inTop: ReturnType<typeof createMutex>;
  /** Stores the tree of a turn's files. */
  store(turnId: string, top: string, tree: string): void;
  warn(error: unknown, text: string): void;
  info(text: string): void;
  debug(text: string): void;
  now(): Date;
};

/** Notes the files before each turn, and why that failed for a turn. */
export class FileNotes {
  readonly #deps: FileNotesDeps;
  /** Work trees whose files could not be noted: why, and until when they are not tried again. */
  readonly #givenUp = new Map<string, { until: number; reason: string }>();
  /** Work trees that are still being noted although their turn no longer waits. */
  readonly #late = new Set<string>();
  readonly #reasons = new Map<string, string>();
  readonly #logged = new Set<string>();

  constructor(deps: FileNotesDeps) {
    this.#deps = deps;
  }

  /** Why the files of a turn were not noted; undefined if that is not known. */
  reasonOf(turnId: string): string | undefined {
    return this.#reasons.get(turnId);
  }

  /** Notes the files before a turn, if its project is in a work tree. Never throws. */
  async noteBefore(turnId: string, project: string): Promise<void> {
    const { workTrees, info, now } = this.#deps;
    let top = project;
    try {
      const workTree = await workTrees.find(project);
      if (!workTree) return;
      top = workTree.top;
      const givenUp = this.#givenUp.get(top);
      if (givenUp && givenUp.until > now().getTime()) return this.#setReason(turnId, givenUp.reason);
      if (this.#late.has(top))
        return this.#setReason(turnId, 'its files were still being noted for the first time');
      await this.#noteInTime(turnId, workTree);
    } catch (error) {
      const { message } = error as Error;
      this.#setReason(turnId, message);
      if (error instanceof ForeignRepositoryError)
        this.#logOnce(info, `Turns there cannot be undone: ${message}`);
      else this.#giveUp(top, error);
    }
  }

  async #noteInTime(turnId: string, workTree: Repository): Promise<void> {
    const { shadow, inTop, store, info, now } = this.#deps;
    const { top } = workTree;
    let isAwaited = true;
    const wasKnown = await shadow.isKnown(top);
    const noting = inTop(top, async () => {
      const tree = await shadow.tree(workTree, AbortSignal.timeout(noteTimeoutMs));
      if (isAwaited) store(turnId, top, tree);
    });
    if (await settlesWithin(noting, turnTimeoutMs)) return;
    isAwaited = false;
    this.#late.add(top);
    const reason = `the files of ${top} take more than ${turnTimeoutMs / 1000} s to note`;
    this.#setReason(turnId, reason);
    info(`${reason}: this continues while the turn runs, and the turn cannot be undone`);
    noting
      // The first time, all files are read. If it takes as long the next time, no later turn should wait for
      // it.
      .then(() => wasKnown && this.#givenUp.set(top, { until: now().getTime() + retryDelayMs, reason }))
      .catch((error) => this.#giveUp(top, error))
      .finally(() => this.#late.delete(top));
  }

  #giveUp(top: string, error: unknown): void {
    const { debug, warn, now } = this.#deps;
    // A moment without descriptors or memory says nothing about the work tree.
    if (isExhaustion(error)) return;
    const reason = (error as Error).message;
    this.#givenUp.set(top, { until: now().getTime() + retryDelayMs, reason });
    // A machine may have no git; then nothing can be undone.
    const isGitMissing = error instanceof StartError && error.code === 'ENOENT';
    if (isGitMissing) this.#logOnce(debug, `git cannot be run, so no turn can be undone: ${reason}`);
    else
      this.#logOnce(
        (text) => warn(null, text),
        `the files of ${top} cannot be noted, and turns there cannot be undone: ${reason}`,
      );
  }

  #setReason(turnId: string, reason: string): void {
    this.#reasons.set(turnId, reason);
    if (this.#reasons.size > maxReasons) this.#reasons.delete(this.#reasons.keys().next().value as string);
  }

  #logOnce(log: (text: string) => void, text: string): void {
    if (this.#logged.has(text)) return;
    this.#logged.add(text);
    log(text);
  }
}
