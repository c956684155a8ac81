import { expect } from 'vitest';
import { startTestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('chat.json', 'answers a message with what claude said', async () => {
  const server = await startTestServer();
  const answer = await server.chat({ message: 'hello' });
  expect(answer).toMatchObject({ response: 'Echo: hello', conv_id: 'default', turns: 1, success: true, error: null, permission_denials: [] });
  const second = await server.chat({ message: 'again' });
  expect(second.session_id).toBe(answer.session_id);
});
