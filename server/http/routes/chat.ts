import type { Request } from 'express';
import { AppError } from '../../app-error.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Journal, Turn } from '../../store/port.ts';
import { streamTurnEvents, streamTurnText } from '../chat-stream.ts';
import type { Handle } from '../handle.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { toMessage } from '../message-body.ts';

const defaultConversation = 'default';

type Format = 'json' | 'events' | 'text';

export function addChatRoutes(
  handle: Handle,
  {
    conversations,
    journal,
    metrics,
    closing,
  }: { conversations: Conversations; journal: Journal; metrics: Metrics; closing: AbortSignal },
): void {
  handle('chat', async ({ body, request, response, signal }) => {
    const { conv_id, session_id, project, stream, message, ...rest } = body;
    const format = formatOf(request, stream);
    const turn = await conversations.acceptMessage({
      convId: conv_id,
      message,
      ...toMessage(rest),
      session_id,
      project,
      idempotencyKey: idempotencyKey(request),
      follow: format !== 'json',
    });
    response.locals['turnId'] = turn.id;
    // A deleted conversation has no events to stream.
    if (turn.error?.code === 'conversation_not_found') return answerOf(turn);
    const reading = { journal, turnId: turn.id, response, signal, closing, eventsSent: metrics.eventsSent };
    if (format === 'events') await streamTurnEvents(reading);
    else if (format === 'text') await streamTurnText(reading);
    else return answerOf(await conversations.waitForEnd(turn.id, signal));
    return undefined;
  });

  handle('reset', async ({ query, body }) => {
    if (query.conv_id && body.conv_id && query.conv_id !== body.conv_id) {
      const detail = `conv_id: the address names ${query.conv_id}, and the body ${body.conv_id}`;
      throw new AppError('invalid_request', detail, { field: 'conv_id' });
    }
    const convId = query.conv_id ?? body.conv_id ?? defaultConversation;
    // The default conversation is always known, though it is made with its first message.
    if (convId !== defaultConversation) conversations.getRecord(convId);
    await conversations.reset(convId);
    return { message: 'Conversation reset successfully', conv_id: convId };
  });
}

function formatOf(request: Request, stream: boolean | undefined): Format {
  if (stream) return 'events';
  const type = request.accepts(['application/json', 'text/event-stream', 'text/plain']);
  if (type === 'text/event-stream') return 'events';
  return type === 'text/plain' ? 'text' : 'json';
}

function answerOf(turn: Turn) {
  if (turn.result) return turn.result;
  throw new AppError(turn.error?.code ?? 'internal', turn.error?.detail, { turnId: turn.id });
}
