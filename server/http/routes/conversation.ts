import type { Conversations } from '../../conversation/conversations.ts';
import type { Handle } from '../handle.ts';

export function addConversationRoutes(handle: Handle, { conversations: { book } }: { conversations: Conversations }): void {
  handle('sessions', () => {
    const ids = book.list({}).map((row) => row.id);
    return Object.fromEntries(ids.map((id) => [id, { ...book.need(id) }]));
  });

  handle('listConversations', ({ query }) => {
    const rows = book.list({ q: query.q, archived: query.archived });
    const end = query.cursor + query.limit;
    return { conversations: rows.slice(query.cursor, end), total: rows.length, cursor: end < rows.length ? end : null };
  });

  handle('createConversation', async ({ body }) => {
    const { id = book.newId(), ...options } = body;
    await book.create(id, options);
    return book.snapshot(id);
  });

  handle('readConversation', ({ params }) => book.snapshot(params.id));

  handle('changeConversation', async ({ params, body }) => {
    await book.change(params.id, body);
    return book.snapshot(params.id);
  });

  handle('deleteConversation', async ({ params }) => {
    await book.remove(params.id);
    return { deleted: params.id };
  });

  handle('readMessages', ({ params, query }) => book.history(params.id, query));
}
