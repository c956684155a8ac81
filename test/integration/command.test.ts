import { expect } from 'vitest';
import { startClaudeServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('command.run', 'runs a command, and sends it as text where asked', async () => {
  const server = await startClaudeServer();
  await server.chat({ message: 'hello' });
  const before = server.api.received.length;
  const cost = await server.chat({ message: '/cost' });
  expect(cost.response).toContain('cost');
  expect(cost.turns).toBe(0);
  expect(server.api.received).toHaveLength(before);
  const text = await server.chat({ message: '/cost', literal: true });
  expect(text.response).toBe('Echo: /cost');
  const { messages } = await server.messages('default');
  expect(messages.find((message: { kind?: string }) => message.kind === 'command')?.text).toMatch(
    /^\/(cost|usage)/,
  );
});

verifies('command.clear', 'follows /clear to the new session', async () => {
  const server = await startClaudeServer();
  const first = await server.chat({ message: 'hello' });
  const cleared = await server.chat({ message: '/clear' });
  expect(cleared.session_id).not.toBe(first.session_id);
  const next = await server.chat({ message: 'after' });
  expect(next.session_id).toBe(cleared.session_id);
  const history = JSON.stringify(await server.messages('default'));
  expect(history).toContain('after');
  expect(history).not.toContain('hello');
});

verifies('command.refused', 'refuses commands that make no sense here', async () => {
  const server = await startClaudeServer();
  expect(await server.chat({ message: '/heapdump' })).toMatchObject({
    code: 'command_refused',
    status: 422,
    field: 'message',
  });
  expect(await server.chat({ message: '/login now' })).toMatchObject({ code: 'command_refused' });
  expect(await server.chat({ message: '/heapdump', literal: true })).toMatchObject({
    response: 'Echo: /heapdump',
  });
});
