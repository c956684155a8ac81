import type { z } from 'zod';
import type { TurnChanges, Undone } from '../../contract/undo.ts';

/** A turn whose files were noted: the work tree's top, and what it held before and after, as git's trees. */
export type UndoRecord = { turn_id: string; top: string; before: string; after: string | null; at: string };

export interface UndoStore {
  add(record: UndoRecord): void;
  setAfter(turnId: string, after: string): void;
  get(turnId: string): UndoRecord | null;
  /** Those of a work tree beyond the newest `keep`, oldest first. */
  beyond(top: string, keep: number): UndoRecord[];
  remove(turnId: string): void;
}

/** Puts the files of a git project back to how they were before a turn. */
export interface Undo {
  /** Notes the files before a turn. Does nothing if the project is not in a git work tree; never throws. */
  before(turnId: string, project: string): Promise<void>;
  /** Notes them after it. Never throws. */
  after(turnId: string): Promise<void>;
  /** What a turn changed. Throws AppError `nothing_to_undo`. */
  changes(turnId: string): Promise<z.infer<typeof TurnChanges>>;
  /**
   * Puts all or some files back to before the turn; with `redo` to after it. Throws AppError
   * `nothing_to_undo`, or `files_changed` if any of them is not as the turn (or the undo) has left it, or is
   * reached over a link: then none is touched; and `undo_incomplete`, naming each file, if some could not be
   * written.
   */
  apply(
    turnId: string,
    how: { files?: readonly string[] | undefined; redo: boolean },
  ): Promise<z.infer<typeof Undone>>;
  /** Removes what was noted of projects that are gone or were not used for long. */
  sweep(): Promise<void>;
}
