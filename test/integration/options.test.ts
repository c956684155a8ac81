import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { writeFakeClaude } from '../helper/fake-claude.ts';
import { packageRoot, startClaudeServer } from '../helper/server.ts';
import { createWorkspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const recorder = (
  root: string,
) => `cat > ${root}/stdin; printf '%s\\n' "$@" > ${root}/argv; env > ${root}/env; pwd > ${root}/cwd; ps -o pgid= -p $$ > ${root}/pgid
echo '{"type":"result","subtype":"success","is_error":false,"result":"ok","session_id":"11111111-1111-4111-8111-111111111111","num_turns":1,"total_cost_usd":0}'`;

verifies(
  ['agent.options', 'guard.secrets'],
  'builds the command line and environment from settings and conversation',
  async () => {
    const workspace = await createWorkspace();
    const bin = await writeFakeClaude(workspace, recorder(workspace.root));
    const env = {
      CLAUDE_BIN: bin,
      CLAUDE_MODEL: 'sonnet',
      CLAUDE_EXTRA_ARGS: '--effort high',
      NGROK_AUTHTOKEN: 'ngrok-secret',
      SOMETHING: 'passes',
      CLAUDECODE: '1',
    };
    const server = await startClaudeServer({ workspace, env });
    const read = async (name: string) => (await readFile(join(workspace.root, name), 'utf8')).trimEnd();
    await server.chat({ message: '--help me', conv_id: 'a' });
    const argv = (await read('argv')).split('\n');
    expect(argv.slice(0, 2)).toEqual(['-p', '--session-id']);
    expect(argv.slice(3)).toEqual([
      '--output-format',
      'json',
      '--permission-mode',
      'acceptEdits',
      '--allowedTools',
      'Bash(git *)',
      '--model',
      'sonnet',
      '--effort',
      'high',
    ]);
    expect(await read('stdin')).toBe('--help me');
    expect(await read('cwd')).toBe(workspace.project);
    expect(Number(await read('pgid'))).not.toBe(process.pid);
    const seen = await read('env');
    expect(seen).toContain('SOMETHING=passes');
    expect(seen).toContain('CLAUDE_CODE_MAX_RETRIES=1');
    expect(seen).not.toMatch(/AUTH_|NGROK_|ngrok-secret|a long password|CLAUDECODE=/);
    await server.post('/api/conversations', {
      id: 'b',
      model: 'opus',
      permission_mode: 'dontAsk',
      allowed_tools: 'Read',
      extra_args: ['--effort', 'low'],
    });
    const response = await server.post(
      '/api/chat',
      { message: 'x', conv_id: 'b', model: 'haiku' },
      { accept: 'text/plain' },
    );
    expect(await response.text()).toBe('ok');
    const other = (await read('argv')).split('\n').slice(3);
    expect(other).toEqual([
      ...[
        '--output-format',
        'stream-json',
        '--verbose',
        '--include-partial-messages',
        '--permission-mode',
        'dontAsk',
      ],
      ...['--allowedTools', 'Read', '--model', 'haiku', '--effort', 'high', '--effort', 'low'],
    ]);
    const refused = await server.post('/api/conversations', { id: 'c', extra_args: ['--resume'] });
    expect(await refused.json()).toMatchObject({ code: 'invalid_request', field: 'extra_args' });
  },
);

verifies('agent.preapproved', 'lets edits and git through by default, and no other command', async () => {
  const server = await startClaudeServer();
  const message =
    '[[tool:Bash git init -q .]][[tool:Write new.txt words]][[tool:Bash git add -A]][[tool:Bash node -e 1]][[text done]]';
  const answer = await server.chat({
    message: message.replace('new.txt', join(server.workspace.project, 'new.txt')),
  });
  expect(
    answer.permission_denials.map((denial: { tool_input: { command: string } }) => denial.tool_input.command),
  ).toEqual(['node -e 1']);
  expect(await readFile(join(server.workspace.project, 'new.txt'), 'utf8')).toBe('words');
  expect(execFileSync('git', ['-C', server.workspace.project, 'status', '--short']).toString()).toContain(
    'A  new.txt',
  );
});

verifies('agent.old', 'runs plain turns on Claude Code 2.1.197', async () => {
  const folder = join(packageRoot, 'test', 'agents', 'node_modules', '@anthropic-ai');
  if (!existsSync(folder)) throw new Error('Its agent is not installed: run node scripts/prepare-tests.mjs');
  const name = readdirSync(folder).find((entry) => entry.startsWith('claude-code-'));
  const server = await startClaudeServer({ env: { CLAUDE_BIN: join(folder, name ?? '', 'claude') } });
  expect(await server.get('/api/status')).toMatchObject({ claude: { version: '2.1.197', logged_in: true } });
  const first = await server.chat({ message: 'hello' });
  expect(first.response).toBe('Echo: hello');
  const stream = await server.post('/api/chat', { message: '[[slow 4 20ms]]' }, { accept: 'text/plain' });
  expect(await stream.text()).toBe('word1 word2 word3 word4');
  const { messages } = await server.messages('default');
  expect(messages).toHaveLength(4);
});

verifies('agent.located', 'finds claude by CLAUDE_BIN, on PATH, and in node_modules', async () => {
  const workspace = await createWorkspace();
  const fake = await writeFakeClaude(workspace, '', 'claude');
  const own = await startClaudeServer({ workspace });
  expect(await own.get('/api/status')).toMatchObject({
    claude: { found: true, version: '2.1.329', logged_in: true },
  });
  const byPath = await startClaudeServer({ env: { PATH: `${workspace.root}:${process.env['PATH']}` } });
  expect(await byPath.get('/api/status')).toMatchObject({
    claude: { path: fake, version: '9.9.9', logged_in: null },
  });
  const byBin = await startClaudeServer({ env: { CLAUDE_BIN: fake } });
  expect(await byBin.get('/api/status')).toMatchObject({ claude: { path: fake } });
});
