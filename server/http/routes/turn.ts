import type { Conversations } from '../../conversation/conversations.ts';
import type { Handle } from '../handle.ts';
import { idempotencyKey } from '../idempotency-key.ts';

const endedStates: readonly string[] = ['completed', 'failed', 'cancelled', 'interrupted'];

export function addTurnRoutes(handle: Handle, { conversations }: { conversations: Conversations }): void {
  handle('acceptTurn', async ({ params, body, request }) => {
    const { message, follow = false, ...options } = body;
    const turn = await conversations.accept({
      convId: params.id,
      message,
      options,
      idempotencyKey: idempotencyKey(request),
      follow,
    });
    const { state } = conversations.turn(turn.id);
    return { turn_id: turn.id, conv_id: turn.conv_id, state };
  });

  handle('readTurn', async ({ params, query, signal }) => {
    const turn = conversations.turn(params.id);
    if (query.wait_s && !endedStates.includes(turn.state)) await waitForEnd((until) => conversations.ended(params.id, until), query.wait_s, signal);
    return conversations.turn(params.id);
  });

  handle('cancelTurn', ({ params }) => conversations.cancel(params.id));
}

async function waitForEnd(end: (until: AbortSignal) => Promise<unknown>, seconds: number, hangUp: AbortSignal): Promise<void> {
  const until = AbortSignal.any([hangUp, AbortSignal.timeout(seconds * 1000)]);
  const enough = new Promise<void>((resolve) => until.addEventListener('abort', () => resolve(), { once: true }));
  // At a shutdown the turn is answered as it then is.
  await Promise.race([end(until).catch(() => {}), enough]);
}
