import { ApiError, type Client } from './client.ts';
import { CliError, UsageError } from './fault.ts';

/** The session of a conversation of that name, else the name as the beginning of an id. */
export async function sessionOf(client: Client, name: string): Promise<string> {
  if (!name) throw new UsageError('Give a session or a conversation: the name is empty.');
  try {
    const { session_id } = await client.call('readConversation', { params: { id: name } });
    if (session_id) return session_id;
    throw new CliError(`Nothing was said yet in conversation ${JSON.stringify(name)}: it has no session.`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'conversation_not_found') throw error;
  }
  if (!/^[0-9a-f-]{4,36}$/i.test(name)) throw new CliError(`There is no conversation ${JSON.stringify(name)}, and no id of a session begins so.`);
  return name;
}
