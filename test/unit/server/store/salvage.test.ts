import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createCredentialStore } from '../../../../server/store/credential-store.ts';
import { openDatabase } from '../../../../server/store/database.ts';
import { salvageJournal } from '../../../../server/store/salvage.ts';
import {
  copyOf,
  countTurns,
  journalOf,
  keptIn,
  leaveCrashed,
  noise,
  open,
  overwrite,
} from '../../../helper/journal-files.ts';
import { queryDatabase } from '../../../helper/query-database.ts';
import { createWorkspace } from '../../../helper/workspace.ts';
import { verifies } from '../../../requirement/verifies.ts';

verifies(
  'store.repair',
  'copies the readable part of a damaged journal to a new one, and keeps the old one',
  async () => {
    const { data, root } = await createWorkspace();
    const database = openDatabase(data);
    const add = database.prepare(
      "INSERT INTO turn (id, conv_id, message, options, state, idempotency_key, fingerprint, created_at) VALUES (?, 'a', ?, '{}', 'completed', ?, '', '')",
    );
    const credentials = createCredentialStore({ database, password: '', now: () => new Date() });
    const { secret } = credentials.create('token', 'kept');
    database.durably(() => {
      for (let n = 0; n < 600; n += 1) add.run(String(n), JSON.stringify(`${n} `.repeat(200)), `key ${n}`);
    });
    database.dispose();
    const pageOf = (file: string) => {
      const rows = queryDatabase(
        file,
        "SELECT pageno FROM dbstat WHERE name = 'turn' AND pagetype = 'leaf' ORDER BY pageno",
      );
      return (rows as { pageno: number }[]).map(({ pageno }) => pageno);
    };
    const pages = (() => {
      try {
        return pageOf(journalOf(data));
      } catch {
        return []; // This SQLite has no dbstat.
      }
    })();
    const page = pages[50] ?? 60;
    overwrite(journalOf(data), noise(4096), (page - 1) * 4096);
    expect(open(copyOf(data, 'looked at')).database.standIn).toMatch(/is damaged.*repair-store/);
    const { kept, tables } = salvageJournal(data, join(root, 'state'));
    expect(existsSync(kept ?? '')).toBe(true);
    const turn = tables.find(({ name }) => name === 'turn');
    expect(turn?.rows).toBeGreaterThan(580);
    const { database: repaired, notes } = open(data);
    expect([repaired.standIn, notes]).toEqual([null, '']);
    expect(countTurns(repaired)).toBe(turn?.rows);
    expect(
      createCredentialStore({ database: repaired, password: '', now: () => new Date() }).find(
        'token',
        secret,
      ),
    ).toMatchObject({ label: 'kept' });
  },
);

verifies('store.repair', 'does not replace a journal of which only the first bytes are damaged', async () => {
  const { data, root } = await createWorkspace();
  openDatabase(data).dispose();
  overwrite(journalOf(data), Buffer.alloc(16), 0);
  const { database, notes } = open(data);
  expect([database.standIn, notes]).toEqual([
    expect.stringMatching(/is damaged.*repair-store/),
    expect.stringContaining('is damaged'),
  ]);
  expect(keptIn(data)).toEqual([]);
  database.dispose();
  const { kept, isReadable } = salvageJournal(data, join(root, 'state'));
  expect([existsSync(kept ?? ''), isReadable]).toEqual([true, false]);
  expect(open(data).database.standIn).toBe(null);
});

verifies('store.repair', 'says what keeps a repair from being written', async () => {
  const folder = await leaveCrashed();
  mkdirSync(`${journalOf(folder)}.repaired`);
  expect(() => salvageJournal(folder, join(folder, 'state'))).toThrow(
    /\.repaired cannot be written.*Nothing was changed/,
  );
  rmSync(`${journalOf(folder)}.repaired`, { recursive: true });
  mkdirSync(`${journalOf(folder)}-journal`);
  expect(() => salvageJournal(folder, join(folder, 'state'))).toThrow(
    /-journal is not a file of ours: move it away.*Nothing was changed/,
  );
  rmSync(journalOf(folder));
  mkdirSync(journalOf(folder));
  expect(() => salvageJournal(folder, join(folder, 'state'))).toThrow(/is a folder/);
});
