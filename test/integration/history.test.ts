import { expect } from 'vitest';
import { startClaudeServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

type Shown = {
  role: string;
  text: string;
  kind?: string;
  parts: { type: string; name?: string; output?: string }[];
};
const textsOf = (messages: Shown[]) => messages.map((message) => message.text);

verifies('history.chain', 'shows parallel tools with their results, commands and a compaction', async () => {
  const server = await startClaudeServer();
  await server.chat({
    message: '[[text pre]][[tool:Bash ls]]&[[tool:Bash pwd]]&[[tool:Bash whoami]][[text fin]]',
  });
  await server.chat({ message: '/cost' });
  await server.chat({ message: '/compact' });
  await server.chat({ message: 'after' });
  const { messages, before } = (await server.messages('default')) as {
    messages: Shown[];
    before: string | null;
  };
  expect(before).toBeNull();
  const tools = messages.flatMap((message) => message.parts).filter((part) => part.type === 'tool');
  expect(tools.map((tool) => tool.name)).toEqual(['Bash', 'Bash', 'Bash']);
  expect(tools.every((tool) => typeof tool.output === 'string')).toBe(true);
  expect(tools[1]?.output).toBe(server.workspace.project);
  expect(messages.map((message) => message.kind).filter(Boolean)).toEqual(
    expect.arrayContaining(['command', 'output', 'compaction', 'summary']),
  );
  expect(textsOf(messages).slice(-2)).toEqual(['after', expect.stringContaining('Echo: after')]);
  expect(JSON.stringify(messages)).not.toContain('system-reminder');
});
