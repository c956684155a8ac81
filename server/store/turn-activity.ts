import { truncateText } from '../transcript/truncate.ts';
import type { Database, Statement } from './database-type.ts';
import type { Turn, TurnActivity, TurnEnd } from './port.ts';
import { parseStored } from './sqlite-error.ts';

/** How much of the newest message is shown in the list of conversations. */
const previewLength = 100;

const noActivity: TurnActivity = { completed: 0, last_message: null, last_at: null, context: null };

const later = (a: string | null, b: string | null) => ((a ?? '') > (b ?? '') ? a : b);
const toPreview = (message: string) => truncateText(message.trim(), previewLength).text;

type ActivityRow = {
  conv_id: string;
  completed: number;
  accepted_at: string | null;
  ended_at: string | null;
};

/**
 * What the turns of each conversation come to. It is read from the turns once, and then kept in step with them, so
 * that no row of the list needs a query.
 */
export class TurnActivities {
  readonly #activities: Map<string, TurnActivity>;
  readonly #listeners: ((convId: string) => void)[] = [];
  /** False if the journal cannot be read: then no conversation has known turns. */
  readonly #isKnown: boolean;
  readonly #newestMessage: Statement;

  constructor(database: Database) {
    this.#isKnown = database.standIn === null;
    this.#newestMessage = database.prepare(
      "SELECT message FROM turn WHERE conv_id = ? AND origin = 'message' ORDER BY seq DESC LIMIT 1",
    );
    this.#activities = this.#readAll(database);
  }

  get(convId: string): TurnActivity | null {
    return this.#isKnown ? (this.#activities.get(convId) ?? noActivity) : null;
  }

  onChange(listener: (convId: string) => void): void {
    this.#listeners.push(listener);
  }

  recordMessage({ conv_id, created_at, message }: Pick<Turn, 'conv_id' | 'created_at' | 'message'>): void {
    const { last_at } = this.#read(conv_id);
    this.#change(conv_id, { last_message: toPreview(message), last_at: later(created_at, last_at) });
  }

  /** A message that waits in the queue was changed; it may be the newest. */
  recordChange(convId: string): void {
    this.#change(convId, { last_message: this.#readLastMessage(convId) });
  }

  recordEnd({ conv_id, started_at }: Turn, end: TurnEnd, context: TurnActivity['context']): void {
    const before = this.#read(conv_id);
    this.#change(conv_id, {
      completed: before.completed + (end.state === 'completed' ? 1 : 0),
      last_at: started_at === null ? before.last_at : later(end.ended_at, before.last_at),
      context: context ?? before.context,
    });
  }

  forget(convId: string): void {
    this.#activities.delete(convId);
  }

  #read(convId: string): TurnActivity {
    return this.#activities.get(convId) ?? noActivity;
  }

  #change(convId: string, changes: Partial<TurnActivity>): void {
    this.#activities.set(convId, { ...this.#read(convId), ...changes });
    for (const listener of this.#listeners) listener(convId);
  }

  #readLastMessage(convId: string): string | null {
    const row = this.#newestMessage.get(convId) as { message: string } | undefined;
    return row ? toPreview(parseStored(row.message)) : null;
  }

  #readAll(database: Database): Map<string, TurnActivity> {
    const rows = database
      .prepare(
        `SELECT conv_id, sum(state = 'completed') AS completed,
           max(CASE WHEN origin = 'message' THEN created_at END) AS accepted_at,
           max(CASE WHEN started_at IS NOT NULL THEN ended_at END) AS ended_at
         FROM turn WHERE conv_id NOT LIKE 'deleted:%' GROUP BY conv_id`,
      )
      .all() as ActivityRow[];
    const newestContext = database.prepare(
      'SELECT context FROM turn WHERE conv_id = ? AND context IS NOT NULL ORDER BY ended_at DESC, seq DESC LIMIT 1',
    );
    return new Map(
      rows.map(({ conv_id, completed, accepted_at, ended_at }) => {
        const filled = newestContext.get(conv_id) as { context: string } | undefined;
        const activity: TurnActivity = {
          completed,
          last_message: this.#readLastMessage(conv_id),
          last_at: later(accepted_at, ended_at),
          context: filled ? parseStored(filled.context) : null,
        };
        return [conv_id, activity];
      }),
    );
  }
}
