import { openDatabase } from '../../server/store/database.ts';
import { createJournal } from '../../server/store/journal.ts';

/** Writes a journal with 10,000 events of conversation `a` to the data folder in the first argument. */
const folder = String(process.argv[2]);
const database = openDatabase(folder);
const journal = createJournal({
  database,
  keep: { bytes: 1e9, days: 30 },
  now: () => new Date(),
  onTrouble: console.error,
});
const at = new Date().toISOString();
for (let n = 0; n < 10_000; n += 1) {
  // Alternating types: neighbours of the same type would be merged.
  const type = n % 2 ? 'text.delta' : 'thinking.delta';
  journal.append([
    {
      type,
      conv_id: 'a',
      turn_id: 'turn',
      at,
      text: `piece ${n} of the text that is replayed to a reader `,
    },
  ]);
}
journal.flush();
journal.dispose();
database.dispose();
