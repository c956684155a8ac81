import { addOldNames, takeOldNames } from '../../../contract/conversation-options.ts';
import type { Agent } from '../../agent/port.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { Projects } from '../../session/port.ts';
import { exportAs } from '../export.ts';
import type { Handle } from '../handle.ts';

type ConversationDeps = { conversations: Conversations; agent: Agent; projects: Projects; project: string };

/** So many projects are offered for a new conversation before the folders. */
const maxRecent = 12;

export function addConversationRoutes(
  handle: Handle,
  { conversations, agent, projects, project }: ConversationDeps,
): void {
  async function read(id: string) {
    const snapshot = conversations.getSnapshot(id);
    return { ...snapshot, background: await conversations.readBackground(snapshot) };
  }

  handle('sessions', () => {
    const ids = conversations.list({}).map((row) => row.id);
    return Object.fromEntries(ids.map((id) => [id, addOldNames(conversations.getRecord(id))]));
  });

  handle('listConversations', ({ query }) => {
    const rows = conversations.list({ q: query.q, archived: query.archived });
    const end = query.cursor + query.limit;
    return {
      conversations: rows.slice(query.cursor, end),
      total: rows.length,
      cursor: end < rows.length ? end : null,
    };
  });

  handle('createConversation', async ({ body }) => {
    const { id = conversations.createId(), ...options } = takeOldNames(body);
    await conversations.create(id, options);
    return conversations.getSnapshot(id);
  });

  handle('readConversation', ({ params }) => read(params.id));

  handle('changeConversation', async ({ params, body }) => {
    const changes = takeOldNames(body);
    await conversations.change(params.id, changes);
    await conversations.onSettingsChanged(params.id, Object.keys(changes));
    return read(params.id);
  });

  handle('deleteConversation', async ({ params }) => {
    await conversations.remove(params.id);
    return { deleted: params.id };
  });

  handle('warmConversation', async ({ params }) => ({
    conv_id: params.id,
    live: await conversations.warmUp(params.id),
  }));

  handle('forkConversation', async ({ params, body }) =>
    conversations.getSnapshot(await conversations.fork(params.id, { id: body.id, atTurn: body.at_turn })),
  );

  handle(
    'readMenu',
    ({ params }) => agent.getCapabilities(conversations.projectOf(params.id)) ?? { commands: [], models: [] },
  );

  handle('listFiles', async ({ params, query }) => ({
    files: await projects.files(conversations.projectOf(params.id), query.q, query.limit),
  }));

  handle('listFolders', async ({ query }) => {
    const recent = [...new Set(conversations.list({}).map((row) => row.project))].slice(0, maxRecent);
    return { ...(await projects.folders(query.path)), recent, default: project };
  });

  handle('stopBackground', async ({ params }) => ({
    stopped: params.task,
    background: await conversations.stopBackground(params.id, params.task),
  }));

  handle('exportConversation', async ({ params, query, response, signal }) => {
    const { title } = conversations.getSnapshot(params.id);
    await exportAs(
      query.format,
      { id: params.id, title, messages: conversations.readWholeHistory(params.id) },
      response,
      signal,
    );
    return undefined;
  });

  handle('readMessages', ({ params, query }) => conversations.readHistory(params.id, query));
}
