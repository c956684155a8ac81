import type { Prompt } from '../../contract/prompt.ts';
import type { TurnSummary } from '../../contract/turn.ts';
import { until } from './until.ts';

export const username = 'switchboard';
export const password = 'a long password for tests';
export const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** Calls of the API as a script makes them, with Basic credentials. */
export function createClient(url: string) {
  const send = (path: string, init: RequestInit = {}) =>
    fetch(url + path, {
      ...init,
      headers: { authorization: basic, ...(init.headers as Record<string, string>) },
    });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    send(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
      ...(signal ? { signal } : {}),
    });
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers of every shape
  const json = async (response: Promise<Response>): Promise<any> => (await response).json();
  return {
    send,
    post,
    get: (path: string) => json(send(path)),
    chat: (body: object, headers: Record<string, string> = {}) => json(post('/api/chat', body, headers)),
    accept: (convId: string, body: object, headers: Record<string, string> = {}) =>
      json(post(`/api/conversations/${convId}/turns`, body, headers)),
    turn: (id: string, waitS = 30): Promise<TurnSummary & { prompts: Prompt[] }> =>
      json(send(`/api/turns/${id}?wait_s=${waitS}`)),
    /** Waits until something waits for a person, in a conversation or anywhere, and gives all that does. */
    prompts: async (count = 1): Promise<Prompt[]> =>
      until('prompts', async () => {
        const { prompts } = (await json(send('/api/prompts'))) as { prompts: Prompt[] };
        return prompts.length >= count && prompts;
      }),
    answer: (id: string, body: object) => post(`/api/prompts/${id}`, body),
    end: (id: string, waitS = 30): Promise<TurnSummary> =>
      json(send(`/api/turns/${id}?wait_s=${waitS}&for=end`)),
    cancel: (id: string): Promise<TurnSummary> => json(post(`/api/turns/${id}/cancel`, {})),
    messages: (convId: string, query = '') => json(send(`/api/conversations/${convId}/messages${query}`)),
    remove: (path: string) => send(path, { method: 'DELETE' }),
    patch: (path: string, body: unknown) =>
      send(path, {
        method: 'PATCH',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
  };
}

export type Client = ReturnType<typeof createClient>;
