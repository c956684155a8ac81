import { expect } from 'vitest';
import { writeFakeClaude } from '../helper/fake-claude.ts';
import { startClaudeServer } from '../helper/server.ts';
import { createWorkspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const deep = `$(printf '[%.0s' $(seq 20000))$(printf ']%.0s' $(seq 20000))`;
const result = (fields: string) =>
  `echo '{"type":"result","subtype":"success","session_id":"11111111-1111-4111-8111-111111111111",${fields}}'`;

/** Lines of shapes that no version of the CLI has had so far, and what the turn is to come to. */
const lines = [
  { print: `echo '{"type":"stream_event"}'; ${result('"result":"fine"')}`, ends: 'fine' },
  {
    print: `echo '{"type":"assistant","message":7}'; echo '{"type":"user"}'; ${result('"result":"fine"')}`,
    ends: 'fine',
  },
  { print: result('"is_error":true,"errors":"boom"'), ends: 'boom' },
  { print: result('"is_error":true,"result":{"a":1},"errors":["in words"]'), ends: 'in words' },
  { print: result('"is_error":true,"terminal_reason":7,"result":"reason"'), ends: 'reason' },
  {
    print: `echo "{\\"type\\":\\"result\\",\\"session_id\\":\\"x\\",\\"result\\":\\"deep\\",\\"permission_denials\\":${deep}}"`,
    ends: 'deep',
  },
  {
    print: `echo "{\\"type\\":\\"stream_event\\",\\"event\\":{\\"type\\":\\"message_delta\\",\\"usage\\":{\\"a\\":${deep}}}}"; ${result('"result":"fine"')}`,
    ends: 'fine',
  },
  {
    print: `echo "{\\"type\\":\\"assistant\\",\\"message\\":{\\"content\\":[{\\"type\\":\\"tool_use\\",\\"input\\":${deep}}]}}"; ${result('"result":"fine"')}`,
    ends: 'fine',
  },
  {
    print: result(
      '"result":"fine","total_cost_usd":"abc","num_turns":{},"duration_ms":null,"usage":[],"permission_denials":{},"modelUsage":7',
    ),
    ends: 'fine',
  },
  {
    print: `printf '{"type":"result","session_id":"11111111-1111-4111-8111-111111111111","result":"'; yes 'word ' | tr -d '\\n' | head -c 50000000; echo '"}'`,
    ends: 'cut here',
  },
] as const;

verifies(
  'agent.ends',
  'survives output of a shape that it does not know, and serves others meanwhile',
  async () => {
    const workspace = await createWorkspace();
    const cases = lines.map(({ print }, index) => `case${index}) ${print} ;;`).join('\n');
    const bin = await writeFakeClaude(
      workspace,
      `message=$(cat)\ncase "$message" in\n${cases}\n*) ${result('"result":"other"')} ;;\nesac`,
    );
    const server = await startClaudeServer({ workspace, env: { CLAUDE_BIN: bin } });
    for (const [index, { ends }] of lines.entries()) {
      const response = await server.post('/api/chat', {
        message: `case${index}`,
        conv_id: `c${index}`,
        stream: true,
      });
      expect(await response.text(), `case ${index}`).toContain(ends);
      expect(await server.chat({ message: 'and others', conv_id: `other${index}` })).toMatchObject({
        response: 'other',
      });
    }
  },
);
