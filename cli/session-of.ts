import { ApiError, type Client } from './client.ts';

/** The session of a conversation of that name, else the name as the beginning of an id. */
export async function sessionOf(client: Client, name: string): Promise<string> {
  try {
    const { session_id } = await client.call('readConversation', { params: { id: name } });
    if (session_id) return session_id;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'conversation_not_found') throw error;
  }
  return name;
}
