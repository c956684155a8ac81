/** Texts of what a turn changed. */
export const changes = {
  changes: 'What this turn changed',
  noChanges: 'No changes. Files that git ignores are not recorded.',
  nowStates: { as_left: '', undone: 'undone', changed_since: 'changed since' },
  redoAll: 'Redo all',
  theDiff: 'Diff',
  undoAll: 'Undo all',
  undoOne: 'Undo',
};
