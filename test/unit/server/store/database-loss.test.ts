import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openDatabase } from '../../../../server/store/database.ts';
import { salvageJournal } from '../../../../server/store/salvage.ts';
import {
  copyOf,
  countTurns,
  fill,
  journalOf,
  keptIn,
  leaveCrashed,
  logOf,
  markOf,
  noise,
  open,
  turns,
} from '../../../helper/journal-files.ts';
import { queryDatabase } from '../../../helper/query-database.ts';
import { createWorkspace } from '../../../helper/workspace.ts';
import { verifies } from '../../../requirement/verifies.ts';

/** The result of a start: how many turns are left, what is reported, and how many damaged files are kept. */
type Expected = { left: number; says: RegExp; kept: number } | { refuses: RegExp } | { standsIn: RegExp };

const faults: Record<string, [make: (folder: string) => void, expected: Expected]> = {
  'nothing wrong': [() => {}, { left: turns, says: /^$/, kept: 0 }],
  'log cut': [
    (f) => truncateSync(logOf(f), statSync(logOf(f)).size - 5000),
    { left: turns - 1, says: /newest 1 changes are missing/, kept: 1 },
  ],
  'log zeroed': [
    (f) => fill(logOf(f), Buffer.alloc),
    { left: 0, says: /newest 20 changes are missing/, kept: 1 },
  ],
  'log random': [(f) => fill(logOf(f), noise), { left: 0, says: /newest 20 changes are missing/, kept: 1 }],
  'log empty': [(f) => truncateSync(logOf(f)), { left: 0, says: /newest 20 changes are missing/, kept: 0 }],
  'log missing': [(f) => rmSync(logOf(f)), { left: 0, says: /newest 20 changes are missing/, kept: 0 }],
  'log a folder': [
    (f) => {
      rmSync(logOf(f));
      mkdirSync(logOf(f));
    },
    { left: 0, says: /not a file of ours[\s\S]*newest 20 changes/, kept: 1 },
  ],
  'log a link': [
    (f) => {
      renameSync(logOf(f), `${f}-elsewhere`);
      symlinkSync(`${f}-elsewhere`, logOf(f));
    },
    { left: 0, says: /not a file of ours[\s\S]*newest 20 changes/, kept: 1 },
  ],
  'journal missing': [
    (f) => rmSync(journalOf(f)),
    { refuses: /not there, although[\s\S]*-wal is there[\s\S]*not mounted[\s\S]*--accept-empty/ },
  ],
  'journal empty': [
    (f) => truncateSync(journalOf(f)),
    { refuses: /not there, although[\s\S]*--accept-empty/ },
  ],
  'journal cut': [(f) => truncateSync(journalOf(f), 10_000), { standsIn: /is damaged: .*repair-store/ }],
  'journal zeroed': [(f) => fill(journalOf(f), Buffer.alloc), { standsIn: /is damaged: .*repair-store/ }],
  'journal random': [(f) => fill(journalOf(f), noise), { standsIn: /is damaged: .*repair-store/ }],
  'journal and log missing': [
    (f) => {
      rmSync(journalOf(f));
      rmSync(logOf(f));
    },
    { refuses: /journal\.mark is there/ },
  ],
  'only sessions.json left': [
    (f) => {
      for (const name of readdirSync(f)) rmSync(join(f, name));
      writeFileSync(
        join(f, 'sessions.json'),
        '{"conversations": {"a": {"session_id": null, "settled_turn": "x"}}}',
      );
    },
    { refuses: /sessions\.json names turns of it/ },
  ],
  'journal random, log missing': [
    (f) => {
      rmSync(logOf(f));
      fill(journalOf(f), noise);
    },
    { standsIn: /is damaged[\s\S]*repair-store/ },
  ],
  'journal a folder': [
    (f) => {
      rmSync(journalOf(f));
      mkdirSync(journalOf(f));
    },
    { refuses: /is a folder, and a file is expected there/ },
  ],
  'journal a link that leads nowhere': [
    (f) => {
      rmSync(journalOf(f));
      symlinkSync('/nowhere/switchboard.db', journalOf(f));
    },
    { refuses: /link to \/nowhere\/switchboard\.db, which is not there/ },
  ],
  'journal a link that leads in a circle': [
    (f) => {
      rmSync(journalOf(f));
      symlinkSync(journalOf(f), journalOf(f));
    },
    { refuses: /leads in a circle/ },
  ],
  'journal a link to a file elsewhere': [
    (f) => {
      for (const end of ['', '-wal']) renameSync(journalOf(f) + end, `${f}-there${end}`);
      symlinkSync(`${f}-there`, journalOf(f));
    },
    { left: turns, says: /^$/, kept: 0 },
  ],
  'journal of another folder': [
    (f) => {
      const other = openDatabase(`${f}-other`);
      other.dispose();
      rmSync(logOf(f));
      renameSync(journalOf(`${f}-other`), journalOf(f));
    },
    { left: 0, says: /not the journal that this data folder had/, kept: 0 },
  ],
  'mark missing': [(f) => rmSync(markOf(f)), { left: turns, says: /^$/, kept: 0 }],
  'mark random': [(f) => fill(markOf(f), noise), { left: turns, says: /could not be noticed/, kept: 0 }],
  'mark a folder': [
    (f) => {
      rmSync(markOf(f));
      mkdirSync(markOf(f));
    },
    { left: turns, says: /is a folder/, kept: 1 },
  ],
  'mark a link': [
    (f) => {
      rmSync(markOf(f));
      symlinkSync('/nowhere', markOf(f));
    },
    { left: turns, says: /is a link/, kept: 1 },
  ],
  'note of the process a folder': [
    (f) => {
      rmSync(join(f, 'server.pid'));
      mkdirSync(join(f, 'server.pid', 'x'), { recursive: true });
    },
    { left: turns, says: /server\.pid is a folder.*does not need it/, kept: 0 },
  ],
};

verifies(
  'store.loss',
  'finds each loss in the files of the journal, reports it, and keeps the rest',
  async () => {
    const used = await leaveCrashed();
    for (const [name, [make, expected]] of Object.entries(faults)) {
      const folder = copyOf(used, name);
      make(folder);
      const before = readdirSync(folder).sort();
      if ('refuses' in expected) {
        expect(() => openDatabase(folder), name).toThrow(expected.refuses);
        expect([name, readdirSync(folder).sort()]).toEqual([name, before]);
        continue;
      }
      const { database, notes } = open(folder);
      if ('standsIn' in expected) {
        expect([name, database.standIn]).toEqual([name, expect.stringMatching(expected.standsIn)]);
        expect(notes).toMatch(expected.standsIn);
        expect(() => database.durably(() => {}), name).toThrow(expected.standsIn);
        continue;
      }
      expect([name, countTurns(database), keptIn(folder).length, notes]).toEqual([
        name,
        expected.left,
        expected.kept,
        expect.stringMatching(expected.says),
      ]);
      database.dispose();
      // It is reported once: the next start finds nothing wrong.
      expect([name, open(folder).notes.replaceAll(/.*server\.pid is a folder.*/g, '')]).toEqual([name, '']);
    }
  },
);

verifies(
  'store.loss',
  'starts an empty journal if a person has asked for it, and loses nothing that exists',
  async () => {
    const folder = await leaveCrashed();
    rmSync(journalOf(folder));
    const { database, notes } = open(folder, true);
    expect([countTurns(database), notes]).toEqual([0, expect.stringMatching(/--accept-empty/)]);
    expect(keptIn(folder)).toEqual([expect.stringMatching(/^switchboard\.db\.damaged-.*-wal$/)]);
    database.dispose();
    expect(open(folder).notes).toBe('');
  },
);

verifies('store.loss', 'remembers a data folder that is missing as a whole', async () => {
  const { root } = await createWorkspace();
  const [folder, stateFolder] = [join(root, 'mount', 'data'), join(root, 'state')];
  openDatabase(folder, { stateFolder }).dispose();
  rmSync(join(root, 'mount'), { recursive: true });
  expect(() => openDatabase(folder, { stateFolder })).toThrow(
    /not there, although[\s\S]*a server has used it[\s\S]*--accept-empty/,
  );
  expect(existsSync(folder)).toBe(false);
  openDatabase(folder, { stateFolder, acceptEmpty: true }).dispose();
  openDatabase(folder, { stateFolder }).dispose();
});

verifies('store.newer', 'leaves a journal of a newer version as it is', async () => {
  const { data } = await createWorkspace();
  openDatabase(data).dispose();
  queryDatabase(journalOf(data), 'PRAGMA user_version = 99');
  const { database, notes } = open(data);
  expect(notes).toMatch(/made by a newer version of Switchboard \(its tables are of version 99/);
  expect(countTurns(database)).toBe(0);
  database.seal();
  expect(() => countTurns(database)).toThrow(/newer version/);
  expect(() => salvageJournal(data, join(data, 'state'))).toThrow(/newer version|uses the data folder/);
});

verifies('store.loss', 'shows a damaged row as a fault of the storage', async () => {
  const { data } = await createWorkspace();
  const { database } = open(data);
  const { createPromptStore } = await import('../../../../server/store/prompt-store.ts');
  database.durably(() => database.prepare("INSERT INTO rule VALUES ('x', ?)").run('{"cut'));
  const store = createPromptStore({ database, events: { write() {}, announce() {}, drop() {} } });
  expect(() => store.rules()).toThrow(/A row of the journal is damaged.*repair-store/);
});
