import { ApiError, type Client } from './client.ts';
/** The conversation of that name, else the session whose id begins so. */
export async function resolveName(
  client: Client,
  name: string,
): Promise<{ conversation: string } | { session: string }> {
  try {
    const { id } = await client.call('readConversation', { params: { id: name } });
    return { conversation: id };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500 || error.status === 401) throw error;
    if (!/^[0-9a-f-]{4,36}$/i.test(name)) throw error;
    const { id } = await client.call('readHostSession', { params: { host: 'local', id: name } });
    return { session: id };
  }
}
