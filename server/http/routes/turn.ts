import { isEnded } from '../../../contract/turn-state.ts';
import { AppError } from '../../app-error.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { Undo } from '../../undo/port.ts';
import type { Handle } from '../handle.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { toMessage } from '../message-body.ts';

export type TurnDeps = { conversations: Conversations; undo: Undo };

export function addTurnRoutes(handle: Handle, { conversations, undo }: TurnDeps): void {
  handle('acceptTurn', async ({ params, body, request, response }) => {
    const turn = await conversations.acceptMessage({
      convId: params.id,
      message: body.message,
      ...toMessage(body),
      idempotencyKey: idempotencyKey(request),
      follow: body.follow ?? false,
    });
    response.locals['turnId'] = turn.id;
    const { state } = conversations.getTurn(turn.id);
    return { turn_id: turn.id, conv_id: turn.conv_id, state };
  });

  handle('readTurn', async ({ params, query, signal }) => {
    const orNews = query.for === 'news';
    const turn = conversations.getTurn(params.id);
    const isDone = isEnded(turn) || (orNews && turn.state === 'waiting');
    if (query.wait_s && !isDone)
      await waitForEnd((until) => conversations.waitForEnd(params.id, until, orNews), query.wait_s, signal);
    return conversations.getTurn(params.id);
  });

  handle('changeTurn', ({ params, body }) => {
    const { options, files } = toMessage(body);
    return conversations.changeTurn(params.id, {
      message: body.message,
      options,
      ...(body.attachments ? { files } : {}),
    });
  });
  handle('deleteTurn', ({ params }) => conversations.removeTurn(params.id));
  handle('promoteTurn', ({ params }) => conversations.promoteTurn(params.id));
  handle('readChanges', ({ params }) => undo.changes(conversations.getTurn(params.id).turn_id));
  handle('undoTurn', ({ params, body }) => {
    const { turn_id, conv_id } = conversations.getTurn(params.id);
    conversations.requireIdle(conv_id);
    return undo.apply(turn_id, { files: body.files ?? undefined, redo: body.redo ?? false });
  });
  handle('cancelTurn', ({ params }) => conversations.cancelTurn(params.id));
}

async function waitForEnd(
  end: (until: AbortSignal) => Promise<unknown>,
  seconds: number,
  hangUp: AbortSignal,
): Promise<void> {
  const until = AbortSignal.any([hangUp, AbortSignal.timeout(seconds * 1000)]);
  const enough = new Promise<void>((resolve) =>
    until.addEventListener('abort', () => resolve(), { once: true }),
  );
  // At a shutdown the turn is answered as it then is.
  const ended = async (): Promise<void> => {
    while (!until.aborted) {
      const error = await end(until).catch((reason) => reason);
      // The caller hears at once that the turn waits for the machine; one that waits for its end continues to
      // wait.
      if (!(error instanceof AppError && error.code === 'machine_exhausted')) return;
    }
  };
  await Promise.race([ended(), enough]);
}
