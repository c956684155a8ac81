import type { AuditEntry, Prompt, PromptOutcome, Rule } from '../../contract/prompt.ts';
import type { Database } from './database.ts';
import type { EventWriter } from './journal.ts';
import type { PromptStore } from './port.ts';
import { parseStored } from './sqlite-error.ts';

type Row = { data: string };

/** Prompts, rules and the audit in SQLite. */
export function createPromptStore({
  database,
  events,
}: {
  database: Database;
  events: EventWriter;
}): PromptStore {
  const insert = database.prepare('INSERT INTO prompt (id, conv_id, turn_id, data) VALUES (?, ?, ?, ?)');
  const update = database.prepare('UPDATE prompt SET data = ? WHERE id = ?');
  const byId = database.prepare('SELECT data, outcome, reply FROM prompt WHERE id = ?');
  const left = database.prepare('SELECT data FROM prompt WHERE outcome IS NULL ORDER BY rowid');
  const close = database.prepare(
    "UPDATE prompt SET outcome = ?, reply = ?, data = json_set(data, '$.closed_at', ?) WHERE id = ?",
  );
  const between = database.prepare(
    "SELECT data, outcome FROM prompt WHERE conv_id = ? AND data ->> 'opened_at' BETWEEN ? AND ? ORDER BY rowid",
  );
  const rules = database.prepare('SELECT data FROM rule ORDER BY rowid');
  const addRule = database.prepare('INSERT INTO rule (id, data) VALUES (?, ?)');
  const removeRule = database.prepare('DELETE FROM rule WHERE id = ?');
  const addAudit = database.prepare('INSERT INTO audit (data) VALUES (?)');
  const audit = database.prepare('SELECT id, data FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?');
  const note = (entry: Omit<AuditEntry, 'id'>) => addAudit.run(JSON.stringify(entry));

  function show(prompt: Prompt, store: (data: string) => void): void {
    const { conv_id, turn_id, opened_at } = prompt;
    database.durably(() => {
      store(JSON.stringify(prompt));
      events.write([{ type: 'prompt.opened', conv_id, turn_id, at: opened_at, prompt }]);
    });
    events.announce();
  }

  return {
    open: (prompt) =>
      show(prompt, (data) => void insert.run(prompt.id, prompt.conv_id, prompt.turn_id, data)),
    reopen: (prompt) => show(prompt, (data) => void update.run(data, prompt.id)),
    close({ id, conv_id, turn_id }, { outcome, reply, by, audit: entry }) {
      database.durably(() => {
        close.run(outcome, reply, entry.at, id);
        note(entry);
        events.write([{ type: 'prompt.closed', conv_id, turn_id, at: entry.at, prompt_id: id, outcome, by }]);
      });
      events.announce();
    },
    get(id) {
      const row = byId.get(id) as (Row & { outcome: PromptOutcome | null; reply: string | null }) | undefined;
      return row ? { prompt: parseStored(row.data), outcome: row.outcome, reply: row.reply } : null;
    },
    askedBetween: (convId, from, to) =>
      (between.all(convId, from, to) as (Row & { outcome: PromptOutcome | null })[]).map(
        ({ data, outcome }) => {
          const { closed_at = null, ...prompt } = parseStored(data) as Prompt & { closed_at?: string };
          return { prompt, outcome, closed_at };
        },
      ),
    left: () => (left.all() as Row[]).map(({ data }) => parseStored(data) as Prompt),
    rules: () => (rules.all() as Row[]).map(({ data }) => parseStored(data) as Rule),
    addRule(rule, entry) {
      database.durably(() => {
        addRule.run(rule.id, JSON.stringify(rule));
        note(entry);
      });
    },
    removeRule(id, entry) {
      database.durably(() => {
        removeRule.run(id);
        note(entry);
      });
    },
    note: (entry) => void database.transact(() => note(entry)),
    entries: (limit, before = Number.MAX_SAFE_INTEGER) =>
      (audit.all(before, limit) as (Row & { id: number })[]).map(({ id, data }) => ({
        ...parseStored(data),
        id,
      })),
  };
}
