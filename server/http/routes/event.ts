import type { Request } from 'express';
import { AppError } from '../../app-error.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { EventFilter, Journal } from '../../store/port.ts';
import { openEventStream, readEvents } from '../event-stream.ts';
import type { Context, Handle } from '../handle.ts';

export function addEventRoutes(handle: Handle, { conversations, journal }: { conversations: Conversations; journal: Journal }): void {
  async function follow(filter: EventFilter, { query, request, response, signal }: Context<'followAll' | 'followConversation'>) {
    const cursor = lastEventId(request) ?? query.after ?? journal.cursor();
    const stream = openEventStream(response);
    await readEvents(journal, { filter, cursor, signal }, async (event) => {
      await stream.send(event);
      return true;
    });
    stream.close();
    return undefined;
  }

  handle('followAll', (context) => follow({}, context));
  handle('followConversation', (context) => {
    conversations.book.need(context.params.id);
    return follow({ conv_id: context.params.id }, context);
  });
}

/** What a reader that comes back says it has; it wins over `after`, which was in the address from the start. */
function lastEventId(request: Request): number | null {
  const header = request.get('last-event-id');
  if (header === undefined) return null;
  if (!/^\d{1,15}$/.test(header)) throw new AppError('invalid_request', 'Last-Event-ID: must be the id of an event', { field: 'Last-Event-ID' });
  return Number(header);
}
