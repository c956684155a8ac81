import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { createCredentialStore } from '../../../../server/store/credential-store.ts';
import { type Database, openDatabase } from '../../../../server/store/database.ts';
import { salvageJournal } from '../../../../server/store/salvage.ts';
import { queryDatabase } from '../../../helper/query-database.ts';
import { createWorkspace } from '../../../helper/workspace.ts';
import { verifies } from '../../../requirement/verifies.ts';

const turns = 20;

/** Writes into a journal, and leaves it as a crash does: with its log, and without its lock. */
const crash = `
import { openDatabase } from './server/store/database.ts';
const database = openDatabase(process.argv[1]);
const add = database.prepare("INSERT INTO turn (id, conv_id, message, options, state, fingerprint, created_at) VALUES (?, 'a', ?, '{}', 'completed', '', '')");
for (let n = 0; n < ${turns}; n += 1) database.durably(() => add.run(String(n), JSON.stringify('x'.repeat(2000))));
process.kill(process.pid, 'SIGKILL');
`;

async function leaveCrashed(): Promise<string> {
  const folder = join((await createWorkspace()).root, 'used');
  const cwd = join(import.meta.dirname, '../../../..');
  spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', crash, folder], { cwd });
  expect(existsSync(join(folder, 'switchboard.db-wal'))).toBe(true);
  return folder;
}

function copyOf(folder: string, name: string): string {
  const copy = `${folder}-${name.replaceAll(/\W+/g, '-')}`;
  cpSync(folder, copy, { recursive: true });
  return copy;
}

const noise = (size: number) =>
  Buffer.from(Array.from({ length: size }, (_, index) => (index * 73 + (index >> 3) * 31 + 41) % 256));
const journalOf = (folder: string) => join(folder, 'switchboard.db');
const logOf = (folder: string) => `${journalOf(folder)}-wal`;
const markOf = (folder: string) => join(folder, 'journal.mark');
const keptIn = (folder: string) => readdirSync(folder).filter((name) => name.includes('.damaged-'));
const fill = (path: string, make: (size: number) => Buffer) => writeFileSync(path, make(statSync(path).size));
const overwrite = (path: string, bytes: Buffer, at: number) =>
  writeSync(openSync(path, 'r+'), bytes, 0, bytes.length, at);
const countTurns = (database: Database) =>
  (database.prepare('SELECT count(*) AS count FROM turn').get() as { count: number }).count;

function open(folder: string, acceptEmpty = false) {
  const notes: string[] = [];
  const database = openDatabase(folder, { acceptEmpty, note: (_file, text) => void notes.push(text) });
  onTestFinished(() => database.dispose());
  return { database, notes: notes.join('\n') };
}

/** What a start finds: how many turns are left, what is said, and how many files are kept aside. */
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
  'finds each loss in the files of the journal, says it, and keeps what is left',
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
      // It is said once: the next start finds all in order.
      expect([name, open(folder).notes.replaceAll(/.*server\.pid is a folder.*/g, '')]).toEqual([name, '']);
    }
  },
);

verifies(
  'store.loss',
  'begins an empty journal when a person has asked for it, and loses nothing of what is there',
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

verifies(
  'store.repair',
  'takes what can be read of a damaged journal into a new one, and keeps the old one',
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
    // What changes only its time is looked at, and is no harm.
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

verifies('store.loss', 'shows a damaged row as a fault of the storage', async () => {
  const { data } = await createWorkspace();
  const { database } = open(data);
  const { createPromptStore } = await import('../../../../server/store/prompt-store.ts');
  database.durably(() => database.prepare("INSERT INTO rule VALUES ('x', ?)").run('{"cut'));
  const store = createPromptStore({ database, events: { write() {}, announce() {}, drop() {} } });
  expect(() => store.rules()).toThrow(/A row of the journal is damaged.*repair-store/);
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

verifies('store.repair', 'sets no journal aside at a start whose first bytes alone are damaged', async () => {
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

verifies('store.repair', 'says what keeps a repair from being written', async () => {
  const folder = await leaveCrashed();
  mkdirSync(`${journalOf(folder)}.repaired`);
  expect(() => salvageJournal(folder, join(folder, 'state'))).toThrow(
    /\.repaired cannot be written.*Nothing was changed/,
  );
  rmSync(journalOf(folder));
  mkdirSync(journalOf(folder));
  expect(() => salvageJournal(folder, join(folder, 'state'))).toThrow(/is a folder/);
});
