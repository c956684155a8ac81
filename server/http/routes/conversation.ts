import type { Conversations } from '../../conversation/conversations.ts';
import { exportAs } from '../export.ts';
import type { Handle } from '../handle.ts';

export function addConversationRoutes(handle: Handle, { conversations }: { conversations: Conversations }): void {
  const { book } = conversations;

  async function read(id: string) {
    const snapshot = book.snapshot(id);
    return { ...snapshot, background: await book.withTails(snapshot) };
  }

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

  handle('readConversation', ({ params }) => read(params.id));

  handle('changeConversation', async ({ params, body }) => {
    await book.change(params.id, body);
    await conversations.changed(
      params.id,
      Object.keys(body).filter((name) => body[name as keyof typeof body] !== undefined),
    );
    return read(params.id);
  });

  handle('deleteConversation', async ({ params }) => {
    await book.remove(params.id);
    return { deleted: params.id };
  });

  handle('warmConversation', async ({ params }) => ({ conv_id: params.id, live: await conversations.warm(params.id) }));

  handle('forkConversation', async ({ params, body }) => book.snapshot(await conversations.fork(params.id, { id: body.id, atTurn: body.at_turn })));

  handle('stopBackground', async ({ params }) => ({ stopped: params.task, background: await conversations.stopBackground(params.id, params.task) }));

  handle('exportConversation', async ({ params, query, response, signal }) => {
    const { title } = book.snapshot(params.id);
    await exportAs(query.format, { id: params.id, title, messages: book.wholeHistory(params.id) }, response, signal);
    return undefined;
  });

  handle('readMessages', ({ params, query }) => book.history(params.id, query));
}
