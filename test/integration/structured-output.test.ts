import { expect } from 'vitest';
import { startClaudeServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'structured.output',
  'gives structured output by a JSON Schema, by both kinds of process',
  async () => {
    const server = await startClaudeServer();
    const json_schema = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] };
    const message = '[[tool:StructuredOutput {"a":5}]][[text x]]';
    expect((await server.chat({ message, conv_id: 'a', json_schema })).structured_output).toEqual({ a: 5 });
    await server.post('/api/conversations/a/warm', {});
    expect(
      (await server.chat({ message, conv_id: 'a', json_schema, permission_mode: 'default' }))
        .structured_output,
    ).toEqual({ a: 5 });
    expect((await server.chat({ message: 'plain', conv_id: 'a' })).structured_output).toBeUndefined();
  },
);
