import type { SessionRecord, SessionRecordStore } from '../session-record/port.ts';
import type { Database } from './database.ts';
import { parseStored } from './sqlite-error.ts';

/** So many are read at a time. */
const pageSize = 200;

/** The records of the sessions that were started here, in SQLite. */
export function createSessionRecordStore({ database }: { database: Database }): SessionRecordStore {
  // A full disk may have refused one at first.
  const write = database.prepare(
    `INSERT INTO archive (id, session_id, is_open, data) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET session_id = excluded.session_id, is_open = excluded.is_open, data = excluded.data`,
  );
  const byId = database.prepare('SELECT seq, data FROM archive WHERE id = ?');
  const bySession = database.prepare(
    'SELECT data FROM archive WHERE session_id = ? ORDER BY seq DESC LIMIT 1',
  );
  const open = database.prepare('SELECT data FROM archive WHERE is_open = 1 ORDER BY seq');
  const page = database.prepare('SELECT seq, data FROM archive WHERE seq < ? ORDER BY seq DESC LIMIT ?');
  // Those of before there were others are of terminals.
  const parse = (row: unknown): SessionRecord => ({
    door: 'terminal',
    ...parseStored<Omit<SessionRecord, 'door'>>((row as { data: string }).data),
  });
  const isOpen = (record: SessionRecord) => (record.ended_at === null ? 1 : 0);

  return {
    add: (record) =>
      database.durably(
        () => void write.run(record.id, record.session_id, isOpen(record), JSON.stringify(record)),
      ),
    save: (record) =>
      database.transact(
        () => void write.run(record.id, record.session_id, isOpen(record), JSON.stringify(record)),
      ),
    get(id) {
      const row = byId.get(id);
      return row ? parse(row) : null;
    },
    listBySession(sessionId) {
      const row = bySession.get(sessionId);
      return row ? parse(row) : null;
    },
    listOpen: () => open.all().map(parse),
    *listNewest(before) {
      const first = before === undefined ? null : (byId.get(before) as { seq: number } | undefined);
      for (let seq = first?.seq ?? Number.MAX_SAFE_INTEGER; ; ) {
        const rows = page.all(seq, pageSize) as { seq: number; data: string }[];
        for (const row of rows) yield parse(row);
        const last = rows.at(-1);
        if (!last || rows.length < pageSize) return;
        seq = last.seq;
      }
    },
  };
}
