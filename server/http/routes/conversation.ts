import type { Agent } from '../../agent/port.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { Projects } from '../../session/port.ts';
import { exportAs } from '../export.ts';
import type { Handle } from '../handle.ts';

type ConversationDeps = { conversations: Conversations; agent: Agent; projects: Projects; project: string };

/** So many projects are offered for a new conversation before the folders. */
const maxRecent = 12;

export function addConversationRoutes(handle: Handle, { conversations, agent, projects, project }: ConversationDeps): void {
  const { records } = conversations;

  async function read(id: string) {
    const snapshot = records.snapshot(id);
    return { ...snapshot, background: await records.withTails(snapshot) };
  }

  handle('sessions', () => {
    const ids = records.list({}).map((row) => row.id);
    return Object.fromEntries(ids.map((id) => [id, { ...records.need(id) }]));
  });

  handle('listConversations', ({ query }) => {
    const rows = records.list({ q: query.q, archived: query.archived });
    const end = query.cursor + query.limit;
    return { conversations: rows.slice(query.cursor, end), total: rows.length, cursor: end < rows.length ? end : null };
  });

  handle('createConversation', async ({ body }) => {
    const { id = records.newId(), ...options } = body;
    await records.create(id, options);
    return records.snapshot(id);
  });

  handle('readConversation', ({ params }) => read(params.id));

  handle('changeConversation', async ({ params, body }) => {
    await records.change(params.id, body);
    await conversations.onSettingsChanged(
      params.id,
      Object.keys(body).filter((name) => body[name as keyof typeof body] !== undefined),
    );
    return read(params.id);
  });

  handle('deleteConversation', async ({ params }) => {
    await records.remove(params.id);
    return { deleted: params.id };
  });

  handle('warmConversation', async ({ params }) => ({ conv_id: params.id, live: await conversations.warm(params.id) }));

  handle('forkConversation', async ({ params, body }) =>
    records.snapshot(await conversations.fork(params.id, { id: body.id, atTurn: body.at_turn })),
  );

  handle('readMenu', ({ params }) => agent.getCapabilities(records.projectOf(records.need(params.id))) ?? { commands: [], models: [] });

  handle('listFiles', async ({ params, query }) => ({
    files: await projects.files(records.projectOf(records.need(params.id)), query.q, query.limit),
  }));

  handle('listFolders', async ({ query }) => {
    const recent = [...new Set(records.list({}).map((row) => row.project))].slice(0, maxRecent);
    return { ...(await projects.folders(query.path)), recent, default: project };
  });

  handle('stopBackground', async ({ params }) => ({ stopped: params.task, background: await conversations.stopBackground(params.id, params.task) }));

  handle('exportConversation', async ({ params, query, response, signal }) => {
    const { title } = records.snapshot(params.id);
    await exportAs(query.format, { id: params.id, title, messages: records.wholeHistory(params.id) }, response, signal);
    return undefined;
  });

  handle('readMessages', ({ params, query }) => records.history(params.id, query));
}
