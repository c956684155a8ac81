import { onTestFinished } from 'vitest';
import type { Event } from '../../contract/event.ts';
import { openDatabase } from '../../server/store/database.ts';
import { createJournal } from '../../server/store/journal.ts';
import { openMappingStore } from '../../server/store/mapping-store.ts';
import type { ContextUse, TurnStore } from '../../server/store/port.ts';
import { createTurnStore } from '../../server/store/turn-store.ts';

/** A time of the tests: seconds of one minute. */
export const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

/** Opens the stores of a data folder, as the server does. `crash` leaves sessions.json as it was last written. */
export async function openStores(folder: string) {
  const database = openDatabase(folder, { acceptEmpty: true });
  const now = () => new Date(at(0));
  const keep = { bytes: 1_000_000, days: 30 };
  const journal = createJournal({ database, keep, now, onTrouble: () => {} });
  const turns = createTurnStore({ database, events: journal });
  const mapping = await openMappingStore({ folder, turns, now, note: () => {}, onOddEntry: () => {} });
  let isOpen = true;
  const crash = () => {
    if (!isOpen) return;
    isOpen = false;
    journal.dispose();
    database.dispose();
  };
  onTestFinished(async () => {
    await mapping.dispose();
    crash();
  });
  const close = async () => {
    await mapping.dispose();
    crash();
  };
  return { turns, mapping, database, close, crash };
}

let number = 0;

type Ending = { sessionId?: string | null; context?: ContextUse | null };

export function acceptTurn(turns: TurnStore, message: string, second: number): string {
  number += 1;
  const id = `t${number}`;
  turns.accept({ id, conv_id: 'a', message, options: {}, created_at: at(second) }, null, '');
  return id;
}

/** Ends a turn: as completed if `sessionId` is given, else as failed. */
export function endTurn(
  turns: TurnStore,
  id: string,
  second: number,
  { sessionId = null, context = null }: Ending,
) {
  const event = { type: 'turn.cancelled', conv_id: 'a', turn_id: id, at: at(second) } as unknown as Event;
  const result = sessionId ? ({ session_id: sessionId } as never) : null;
  const state = sessionId ? 'completed' : 'failed';
  const end = { state, text: '', result, error: null, ended_at: at(second) } as const;
  turns.end(id, end, event, { usd: 1, final_session_id: sessionId, context });
}

export function runTurn(turns: TurnStore, message: string, second: number): void {
  const id = acceptTurn(turns, message, second);
  turns.start(id, { session_id: 's', started_at: at(second), steers: null });
  endTurn(turns, id, second + 1, { sessionId: 's', context: { tokens: second, window: 100 } });
}
