import { computed } from '@preact/signals';
import { locale, words } from './words.ts';

const en = {
  changes: 'What this turn changed',
  noChanges: 'It changed no file that git does not ignore.',
  nowStates: { as_left: '', undone: 'undone', changed_since: 'changed since' },
  redoAll: 'Do it again',
  theDiff: 'The diff',
  undoAll: 'Undo all',
  undoOne: 'Undo',
};

const de: typeof en = {
  changes: 'Was dieser Zug geändert hat',
  noChanges: 'Er hat keine Datei geändert, die git nicht übergeht.',
  nowStates: { as_left: '', undone: 'rückgängig', changed_since: 'seitdem geändert' },
  redoAll: 'Wiederherstellen',
  theDiff: 'Die Unterschiede',
  undoAll: 'Alles rückgängig',
  undoOne: 'Rückgängig',
};

/** The words of the page with those of what a turn changed, which come with it. */
export const changeWords = computed(() => ({ ...words.value, ...(locale.value === 'de' ? de : en) }));
