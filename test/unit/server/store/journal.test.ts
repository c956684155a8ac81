import { join } from 'node:path';
import Libsql from 'libsql';
import { expect } from 'vitest';
import type { Event } from '../../../../contract/event.ts';
import { readFrames } from '../../../../server/http/event-stream.ts';
import { openDatabase } from '../../../../server/store/database.ts';
import { createJournal } from '../../../../server/store/journal.ts';
import { migrations } from '../../../../server/store/migrations.ts';
import { salvageJournal } from '../../../../server/store/salvage.ts';
import { createWorkspace } from '../../../helper/workspace.ts';
import { verifies } from '../../../requirement/verifies.ts';

const delta = (text: string, at: string): Event => ({
  type: 'thinking.delta',
  conv_id: 'a',
  turn_id: 't',
  at,
  text,
});

async function openJournal(keep: { bytes: number; days: number }) {
  const { data } = await createWorkspace();
  const database = openDatabase(data);
  const now = () => new Date('2026-01-10T00:00:00.000Z');
  const journal = createJournal({ database, keep, now, onTrouble: () => {} });
  return { journal, database };
}

verifies(
  'events.reset',
  'deletes the oldest events down to the size that is kept, and says what is gone',
  async () => {
    const { journal, database } = await openJournal({ bytes: 1_000_000, days: 30 });
    for (let n = 0; n < 3000; n += 1) {
      journal.append([delta('x'.repeat(900), '2026-01-09T00:00:00.000Z')]);
      journal.flush();
    }
    const end = journal.cursor();
    expect(journal.has(0)).toBe(true);
    journal.prune();
    expect([journal.has(0), journal.has(end - 1), journal.has(end), journal.has(end + 1)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    const left = database
      .prepare('SELECT count(*) AS count, sum(length(data)) AS bytes FROM event')
      .get() as { count: number; bytes: number };
    expect(left.bytes).toBeLessThanOrEqual(1_000_000);
    expect(left.count).toBeGreaterThan(900);
    const first = end - left.count;
    expect([journal.has(first - 1), journal.has(first)]).toEqual([false, true]);
    expect(journal.since(first, {}, 5000)).toHaveLength(left.count);
    journal.dispose();
    database.dispose();
  },
);

verifies('events.reset', 'deletes what is older than is kept', async () => {
  const { journal, database } = await openJournal({ bytes: 1e9, days: 3 });
  for (const day of ['05', '06', '07', '08', '09']) {
    journal.append([delta(day, `2026-01-${day}T12:00:00.000Z`)]);
    journal.flush();
  }
  journal.prune();
  expect(journal.since(0, {}, 10).map((event) => (event as { text: string }).text)).toEqual([
    '07',
    '08',
    '09',
  ]);
  expect([journal.has(1), journal.has(2)]).toEqual([false, true]);
  journal.dispose();
  database.dispose();
});

verifies('events.replay', 'gives frames from memory and from disk that are the same', async () => {
  const { journal, database } = await openJournal({ bytes: 1e9, days: 30 });
  for (let n = 0; n < 50; n += 1) {
    journal.append([{ ...delta(`"type":"x" ${n} \u0000 \ud83d\ude00`, '2026-01-09T00:00:00.000Z') }]);
    journal.flush();
  }
  const fromMemory = journal.frames(0, {}, 100);
  journal.dispose();
  const reopened = createJournal({
    database,
    keep: { bytes: 1e9, days: 30 },
    now: () => new Date(),
    onTrouble: () => {},
  });
  const parse = (frames: { frame: string }[]) =>
    frames.map(({ frame }) => [frame.split('\ndata: ')[0], JSON.parse(frame.split('\ndata: ')[1] ?? '')]);
  expect(parse(reopened.frames(0, {}, 100))).toEqual(parse(fromMemory));
  reopened.dispose();
  database.dispose();
});

verifies(
  'events.reset',
  'notifies a reader in the middle of a stream that the next events were deleted',
  async () => {
    const { journal, database } = await openJournal({ bytes: 100_000, days: 30 });
    for (let n = 0; n < 2000; n += 1) {
      journal.append([delta('x'.repeat(1000), '2026-01-09T00:00:00.000Z')]);
      journal.flush();
    }
    const seen: string[] = [];
    const gap = await readFrames(
      journal,
      { filter: {}, cursor: 0, signal: new AbortController().signal },
      async (frames) => {
        seen.push(frames);
        journal.prune();
      },
    );
    expect(seen).toHaveLength(1);
    expect(gap).toBe((seen[0]?.match(/^id: /gm) ?? []).length);
    journal.dispose();
    database.dispose();
  },
);

verifies(
  'machine.contained',
  'calls each listener of an event although another one throws, and stores the event',
  async () => {
    const { data } = await createWorkspace();
    const database = openDatabase(data);
    const faults: unknown[] = [];
    const journal = createJournal({
      database,
      keep: { bytes: 1e9, days: 30 },
      now: () => new Date(),
      onTrouble: (error) => faults.push(error),
    });
    const injected = new Error('injected');
    const calls: string[] = [];
    const fail = (name: string) => () => {
      calls.push(name);
      throw injected;
    };
    journal.onEvent(fail('failing event listener'));
    journal.onEvent(() => calls.push('event listener'));
    journal.onWrite(fail('failing write listener'));
    journal.onWrite(() => calls.push('write listener'));
    journal.append([delta('kept', '2026-01-09T00:00:00.000Z')]);
    journal.flush();
    expect(calls).toEqual([
      'failing event listener',
      'event listener',
      'failing write listener',
      'write listener',
    ]);
    expect(faults).toEqual([injected, injected]);
    expect(journal.since(0, {}, 10)).toHaveLength(1);
    journal.dispose();
    database.dispose();
  },
);

verifies(
  'events.replay',
  'tells details from other events in a journal of the version before the column, also after a repair',
  async () => {
    for (const isRepaired of [false, true]) {
      const { data, root } = await createWorkspace();
      const old = new Libsql(join(data, 'switchboard.db'));
      for (const sql of migrations.slice(0, 6)) old.exec(sql);
      old.exec('PRAGMA user_version = 6');
      const types = [
        'turn.started',
        'text.delta',
        'thinking.delta',
        'message',
        'tool.started',
        'tool.finished',
        'usage',
        'turn.completed',
      ];
      const insert = old.prepare('INSERT INTO event (conv_id, turn_id, data) VALUES (?, ?, ?)');
      for (const conv_id of ['a', 'b'])
        for (const type of types) insert.run(conv_id, 't', JSON.stringify({ type, conv_id, turn_id: 't' }));
      old.close();
      if (isRepaired) salvageJournal(data, join(root, 'state'));
      const database = openDatabase(data);
      const keep = { bytes: 1e9, days: 30 };
      const journal = createJournal({ database, keep, now: () => new Date(), onTrouble: () => {} });
      const read = (detail: string) => journal.since(0, { detail }, 100).map((event) => event.type);
      expect(read('none')).toEqual(['turn.started', 'turn.completed', 'turn.started', 'turn.completed']);
      expect(read('b')).toEqual(['turn.started', 'turn.completed', ...types]);
      expect(journal.since(0, {}, 100)).toHaveLength(2 * types.length);
      // What is written now has the same flags, in memory and on disk.
      journal.append([delta('now', '2026-01-09T00:00:00.000Z')]);
      journal.flush();
      expect([read('none').length, read('a').length]).toEqual([4, types.length + 3]);
      journal.dispose();
      const reopened = createJournal({ database, keep, now: () => new Date(), onTrouble: () => {} });
      expect(reopened.since(0, { detail: 'none' }, 100)).toHaveLength(4);
      expect(reopened.since(0, { detail: 'a' }, 100)).toHaveLength(types.length + 3);
      database.dispose();
    }
  },
);
