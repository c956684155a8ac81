import { cpSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { expect } from 'vitest';
import {
  copyOf,
  countTurns,
  fill,
  journalOf,
  logOf,
  noise,
  open,
  overwrite,
} from '../../../helper/journal-files.ts';
import { createWorkspace } from '../../../helper/workspace.ts';
import { verifies } from '../../../requirement/verifies.ts';

verifies(
  'store.gone',
  'accepts nothing once its file was removed, replaced, cut or overwritten, and again when it is back',
  async () => {
    const { data } = await createWorkspace();
    const { database } = open(data);
    const file = journalOf(data);
    const add = database.prepare("INSERT INTO rule VALUES (?, '{}')");
    let id = 0;
    const write = () => database.durably(() => add.run(String(++id)));
    write();
    for (const end of ['', '-wal']) {
      renameSync(file + end, `${file}.away`);
      expect(write).toThrow(/was removed while the server runs/);
      expect(database.trouble()).toMatch(/was removed/);
      cpSync(`${file}.away`, file + end);
      expect(write).toThrow(/was replaced while the server runs/);
      rmSync(file + end);
      renameSync(`${file}.away`, file + end);
      write();
      expect(database.trouble()).toBe(null);
    }
    // If only its time changes, the file is checked and accepted.
    utimesSync(file, 1, 1);
    write();
    const { size } = statSync(file);
    overwrite(file, noise(size), 0);
    expect(write).toThrow(/is damaged.*repair-store/);
    expect(write).toThrow(/is damaged.*repair-store/);
    expect(database.trouble()).toMatch(/is damaged/);
  },
);

verifies('store.gone', 'writes what it holds out once more if its file was removed', async () => {
  const { data } = await createWorkspace();
  const { database } = open(data);
  database.durably(() => database.prepare("INSERT INTO rule VALUES ('kept', '{}')").run());
  for (const end of ['', '-wal']) rmSync(journalOf(data) + end);
  database.dispose();
  const { database: second, notes } = open(data);
  expect([notes, second.prepare('SELECT id FROM rule').all()]).toEqual([
    '',
    [expect.objectContaining({ id: 'kept' })],
  ]);
});

verifies(
  'store.gone',
  'accepts nothing once its log was overwritten in place, and does not spoil the journal with it',
  async () => {
    for (const [make, isReadFirst] of [
      [Buffer.alloc, false],
      [noise, false],
      // A read can be the first to meet the damage.
      [noise, true],
    ] as const) {
      const { data } = await createWorkspace();
      const { database } = open(data);
      const add = database.prepare(
        "INSERT INTO turn (id, conv_id, message, options, state, fingerprint, created_at) VALUES (?, 'a', '', '{}', 'completed', '', '')",
      );
      let id = 0;
      const write = () => database.durably(() => add.run(String(++id)));
      for (let n = 0; n < 5; n += 1) write();
      fill(logOf(data), make);
      if (isReadFirst) {
        database.prepare('PRAGMA shrink_memory').run();
        expect(() => countTurns(database)).toThrow(/is damaged/);
      }
      expect(write).toThrow(/is damaged/);
      expect(database.trouble()).toMatch(/is damaged/);
      database.dispose();
      // As a process leaves it that ends: its lock is gone.
      const copy = copyOf(data, 'left');
      const next = open(copy);
      expect(next.notes).toMatch(/newest 5 changes are missing/);
      expect(next.database.standIn).toBe(null);
      next.database.durably(() => next.database.prepare("INSERT INTO rule VALUES ('next', '{}')").run());
    }
  },
);

verifies(
  'store.gone',
  'writes what it holds out once more if its file alone was removed, for its owner only',
  async () => {
    const { data } = await createWorkspace();
    const { database } = open(data);
    database.durably(() => database.prepare("INSERT INTO rule VALUES ('kept', '{}')").run());
    rmSync(journalOf(data));
    database.dispose();
    expect(statSync(journalOf(data)).mode & 0o777).toBe(0o600);
    expect(readdirSync(data).filter((name) => name.includes('rescued'))).toEqual([]);
    const { database: second, notes } = open(data);
    expect([notes, second.prepare('SELECT id FROM rule').all()]).toEqual([
      '',
      [expect.objectContaining({ id: 'kept' })],
    ]);
  },
);
