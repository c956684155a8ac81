import { expect } from 'vitest';
import { Descendants, type ProcessTable } from '../../../../server/agent/descendants.ts';
import { verifies } from '../../../requirement/verifies.ts';

type Row = { parent: number; session: number; start: string };

/** A table of processes that a test changes. */
function createTable(rows: Map<number, Row>): ProcessTable {
  return {
    readStat: async (pid) => rows.get(pid) ?? null,
    listChildren: async (pid) => [...rows].filter(([, row]) => row.parent === pid).map(([child]) => child),
    listAll: async () => [...rows.keys()],
  };
}

verifies(
  'turn.cancel',
  'follows what leaves the tree, and never what was given the number of an ended process',
  async () => {
    const rows = new Map<number, Row>([
      [1, { parent: 0, session: 1, start: 'boot' }],
      [100, { parent: 1, session: 100, start: 'a' }],
      [101, { parent: 100, session: 101, start: 'b' }],
    ]);
    const descendants = new Descendants(100, createTable(rows));
    descendants.follow();
    const listAlive = async () => (await descendants.listAlive()).toSorted((a, b) => a - b);
    await expect.poll(listAlive).toEqual([101]);
    // It starts one that leaves the tree within its session, and ends.
    rows.set(102, { parent: 1, session: 101, start: 'c' });
    rows.delete(101);
    expect(await listAlive()).toEqual([102]);
    // The process id is reused by an unrelated process with a child and a separate session.
    rows.set(101, { parent: 1, session: 101, start: 'other' });
    rows.set(103, { parent: 101, session: 101, start: 'child of other' });
    rows.delete(102);
    rows.set(102, { parent: 1, session: 102, start: 'another' });
    rows.set(104, { parent: 102, session: 102, start: 'child of another' });
    rows.delete(101);
    rows.delete(103);
    expect(await listAlive()).toEqual([]);
    rows.set(101, { parent: 1, session: 101, start: 'later' });
    expect(await listAlive()).toEqual([]);
    descendants.stop();
  },
);
