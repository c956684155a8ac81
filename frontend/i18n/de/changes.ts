import type { changes as english } from '../en/changes.ts';

/** Texte dazu, was ein Zug geändert hat. */
export const changes: typeof english = {
  changes: 'Was dieser Durchgang geändert hat',
  noChanges: 'Keine Änderungen. Dateien, die git ignoriert, werden nicht erfasst.',
  nowStates: { as_left: '', undone: 'rückgängig', changed_since: 'seitdem geändert' },
  redoAll: 'Alles wiederherstellen',
  theDiff: 'Diff',
  undoAll: 'Alles rückgängig machen',
  undoOne: 'Rückgängig machen',
};
