import { expect } from 'vitest';
import type { Agent } from '../../../../server/agent/port.ts';
import { restoreMapping } from '../../../../server/conversation/recovery.ts';
import { acceptTurn, at, endTurn, openStores } from '../../../helper/stores.ts';
import { createWorkspace } from '../../../helper/workspace.ts';
import { verifies } from '../../../requirement/verifies.ts';

const agent = { transcripts: { find: async () => ({ project: '/found' }) } } as unknown as Agent;

type Stores = Awaited<ReturnType<typeof openStores>>;

/** Runs a turn that begins in session `from`; `/clear` leaves the conversation with session `to`. */
function runTurn({ turns }: Stores, second: number, from: string, to = from): void {
  const id = acceptTurn(turns, 'go', second);
  turns.start(id, { session_id: from, started_at: at(second), steers: null });
  endTurn(turns, id, second + 1, { sessionId: to });
}

/** The session of the conversation after a crash and the next start. */
async function sessionAfterCrash(stores: Stores, data: string): Promise<string | null | undefined> {
  stores.crash();
  const next = await openStores(data);
  await restoreMapping({ ...next, agent, info: () => {} });
  return next.mapping.get('a')?.session_id;
}

async function openWith(session_id: string | null) {
  const { data } = await createWorkspace();
  const stores = await openStores(data);
  await stores.mapping.put('a', { session_id, created_at: at(0) });
  return { data, stores };
}

verifies('crash.interrupted', 'finds the session that a turn began or moved to before a crash', async () => {
  const begun = await openWith(null);
  const id = acceptTurn(begun.stores.turns, 'go', 10);
  begun.stores.turns.start(id, { session_id: 's', started_at: at(10), steers: null });
  expect(await sessionAfterCrash(begun.stores, begun.data)).toBe('s');

  const moved = await openWith('s');
  runTurn(moved.stores, 10, 's', 'cleared');
  expect(await sessionAfterCrash(moved.stores, moved.data)).toBe('cleared');
});

verifies('crash.interrupted', 'keeps a session that a person chose since', async () => {
  const reset = await openWith('s');
  runTurn(reset.stores, 10, 's');
  await reset.stores.mapping.put('a', { session_id: null, created_at: at(0), reset_at: at(20) });
  expect(await sessionAfterCrash(reset.stores, reset.data)).toBe(null);

  const chosen = await openWith('s');
  runTurn(chosen.stores, 10, 's', 'cleared');
  await chosen.stores.mapping.put('a', { session_id: 's', created_at: at(0), reset_at: at(20) });
  expect(await sessionAfterCrash(chosen.stores, chosen.data)).toBe('s');
});

verifies(
  'crash.interrupted',
  'brings back a conversation that sessions.json has lost, with its facts',
  async () => {
    const { data } = await createWorkspace();
    const stores = await openStores(data);
    runTurn(stores, 10, 's');
    stores.crash();
    const next = await openStores(data);
    await restoreMapping({ ...next, agent, info: () => {} });
    expect(next.mapping.get('a')).toMatchObject({
      session_id: 's',
      project: '/found',
      turn_count: 1,
      last_message: 'go',
      last_message_at: at(11),
    });
  },
);
