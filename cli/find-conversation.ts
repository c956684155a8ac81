import type { Answer } from '../contract/endpoint.ts';
import { ApiError, type Client } from './client.ts';

/** The conversation of that name, or null. */
export const findConversation = (client: Client, name: string): Promise<Answer<'readConversation'> | null> =>
  client.call('readConversation', { params: { id: name } }).catch((error) => {
    if (error instanceof ApiError && error.code === 'conversation_not_found') return null;
    throw error;
  });
