import type { Client } from './client.ts';
import { CliError, UsageError } from './errors.ts';
import { findConversation } from './find-conversation.ts';

/** The session of the conversation of that name; otherwise the name is an id prefix. */
export async function resolveSession(client: Client, name: string): Promise<string> {
  if (!name) throw new UsageError('Give a session or a conversation: the name is empty.');
  const found = await findConversation(client, name);
  if (found?.session_id) return found.session_id;
  if (found)
    throw new CliError(`Nothing was said yet in conversation ${JSON.stringify(name)}: it has no session.`);
  if (!/^[0-9a-f-]{4,36}$/i.test(name))
    throw new CliError(`There is no conversation ${JSON.stringify(name)}, and no id of a session begins so.`);
  return name;
}
