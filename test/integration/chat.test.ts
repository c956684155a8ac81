import { expect } from 'vitest';
import { startClaudeServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'chat.bytes',
  'brings odd messages to the model byte for byte',
  async () => {
    const server = await startClaudeServer();
    const messages = [
      '-p --version',
      '--resume',
      '$(touch pwned) `touch pwned` $HOME "double" \'single\' \\ back',
      'line one\nline two\r\nline three\ttab',
      'NUL \u0000 and ESC \u001b[31m and bell \u0007',
      'emoji 👩‍👩‍👧 and right to left \u202e and zero\u200bwidth and é versus é',
      '{"type":"user"}\n{"type":"result"}',
      '<command-nam>x</command-nam> & entities &amp;',
      '/etc/hosts is a file',
      '  blanks before and after  \n\n',
      `long ${'x'.repeat(300_000)} end`,
    ];
    for (const [index, message] of messages.entries()) {
      const answer = await server.chat({ message, conv_id: `c${index}` });
      expect(answer).toMatchObject({ success: true });
      const sent = server.api.received.at(-1)?.texts.join('\n') ?? '';
      // The CLI itself trims standard input for the request; its transcript has the message whole.
      expect(sent.includes(message.trim())).toBe(true);
      const page = await server.messages(`c${index}`);
      expect(page.messages[0].text.slice(0, 1000)).toBe(message.slice(0, 1000));
    }
  },
  120_000,
);
