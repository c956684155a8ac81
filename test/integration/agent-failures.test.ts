import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { processStart } from '../../server/agent/process-tree.ts';
import { writeFakeClaude } from '../helper/fake-claude.ts';
import { startClaudeServer } from '../helper/server.ts';
import { freePort } from '../helper/server-process.ts';
import { createWorkspace, processesOf } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const failures = [
  { message: '[[error 401]]', code: 'not_logged_in', status: 503 },
  { message: '[[error 403]]', code: 'not_logged_in', status: 503 },
  { message: '[[error 404]]', code: 'model_unavailable', status: 502 },
  { message: '[[error 413]]', code: 'prompt_too_long', status: 413 },
  { message: '[[error 429]]', code: 'model_rate_limited', status: 502 },
  { message: '[[error 500]]', code: 'agent_failed', status: 502 },
  { message: '[[error 529]]', code: 'model_overloaded', status: 502 },
] as const;

verifies(
  'agent.ends',
  'reports each failure of the model service with a separate code, in both formats',
  async () => {
    const server = await startClaudeServer();
    for (const { message, code, status } of failures) {
      const response = await server.post('/api/chat', { message, conv_id: code });
      expect(response.status, message).toBe(status);
      expect(await response.json(), message).toMatchObject({ code, success: false });
      const plain = await server.post(
        '/api/chat',
        { message, conv_id: `${code}-text` },
        { accept: 'text/plain' },
      );
      expect(await plain.json(), message).toMatchObject({ code });
    }
  },
  120_000,
);

verifies('agent.ends', 'bounds the retries, and answers when one succeeds', async () => {
  const server = await startClaudeServer();
  const answer = await server.chat({ message: '[[error 529 x1]][[text at last]]' });
  expect(answer.response).toBe('at last');
  const stream = await server.post('/api/chat', { message: '[[error 500 x1]][[text again]]', stream: true });
  const text = await stream.text();
  expect(text).toContain('turn.retrying');
  expect(text).toContain('again');
});

verifies('agent.ends', 'says when nobody is signed in', async () => {
  const server = await startClaudeServer({ env: { ANTHROPIC_API_KEY: '' } });
  expect(await server.chat({ message: 'hello' })).toMatchObject({
    code: 'not_logged_in',
    status: 503,
    hint: expect.stringContaining('claude auth login'),
  });
  expect(await server.get('/api/status')).toMatchObject({
    claude: { found: true, logged_in: false, hint: expect.stringContaining('claude auth login') },
  });
});

verifies('agent.ends', 'says when the model service cannot be reached', async () => {
  const server = await startClaudeServer({
    env: { ANTHROPIC_BASE_URL: `http://127.0.0.1:${await freePort()}` },
  });
  expect(await server.chat({ message: 'hello' })).toMatchObject({ code: 'model_unreachable', status: 502 });
});

verifies('agent.ends', 'reports that the agent was killed, and continues afterwards', async () => {
  const server = await startClaudeServer();
  const { turn_id } = await server.accept('a', { message: '[[hang]]' });
  await server.api.waitFor('[[hang]]');
  const [pid] = await processesOf(server.workspace);
  if (pid === undefined) throw new Error('there is no agent');
  process.kill(pid, 'SIGKILL');
  expect(await server.turn(turn_id)).toMatchObject({ state: 'failed', error: { code: 'agent_killed' } });
  expect(await server.chat({ message: 'on', conv_id: 'a' })).toMatchObject({ response: 'Echo: on' });
});

verifies(['agent.ends', 'agent.located'], 'says when claude is missing', async () => {
  const server = await startClaudeServer({ env: { CLAUDE_BIN: '/nowhere/claude' } });
  expect(await server.chat({ message: 'hello' })).toMatchObject({ code: 'agent_not_found', status: 503 });
  expect(await server.get('/api/status')).toMatchObject({ claude: { found: false, path: null } });
});

verifies('agent.ends', 'says when the folder is gone, which spawn reports as a missing binary', async () => {
  const server = await startClaudeServer();
  await server.chat({ message: 'hello', conv_id: 'a' });
  await rm(server.workspace.project, { recursive: true });
  expect(await server.chat({ message: 'hello', conv_id: 'a' })).toMatchObject({
    code: 'project_not_found',
    status: 422,
  });
});

verifies(
  'agent.kept',
  'starts a new session if the transcript of a conversation is gone, and says so',
  async () => {
    const server = await startClaudeServer();
    const { session_id } = await server.chat({ message: 'hello' });
    await rm(join(server.workspace.home, '.claude', 'projects'), { recursive: true });
    const again = await server.chat({ message: 'again' });
    expect(again).toMatchObject({
      response: 'Echo: again',
      warnings: [{ code: 'session_restarted', detail: expect.stringContaining(session_id) }],
    });
    expect(again.session_id).not.toBe(session_id);
    const next = await server.chat({ message: 'next' });
    expect(next).toMatchObject({ response: 'Echo: next', session_id: again.session_id });
    expect(next).not.toHaveProperty('warnings');
  },
);

verifies(
  'agent.kept',
  'warns if the transcript is deleted between two turns of a live process, or during one, and only then',
  async () => {
    const server = await startClaudeServer();
    const projects = join(server.workspace.home, '.claude', 'projects');
    await server.post('/api/conversations', { id: 'live', permission_mode: 'default' });
    const chat = (message: string) => server.chat({ message, conv_id: 'live' });
    const removed = [{ code: 'transcript_removed', detail: expect.stringContaining('deleted or replaced') }];
    expect(await chat('first')).not.toHaveProperty('warnings');
    expect(await chat('second')).not.toHaveProperty('warnings');
    await rm(projects, { recursive: true });
    expect(await chat('third')).toMatchObject({ response: 'Echo: third', warnings: removed });
    expect(await chat('fourth')).not.toHaveProperty('warnings');
    const transcripts = `${projects}/*/*.jsonl`;
    await server.post('/api/conversations', { id: 'auto', allowed_tools: 'Bash' });
    await server.post('/api/conversations/auto/warm', {});
    const during = await server.chat({
      message: `[[tool:Bash rm ${transcripts}]][[text done]]`,
      conv_id: 'auto',
    });
    expect(during).toMatchObject({ response: 'done', warnings: removed });
  },
);

verifies('agent.ends', 'stops at a limit that the extra arguments set', async () => {
  const server = await startClaudeServer();
  await server.post('/api/conversations', { id: 'a', extra_args: ['--max-turns', '1'] });
  expect(await server.chat({ message: '[[tool:Bash ls]][[text done]]', conv_id: 'a' })).toMatchObject({
    code: 'agent_limit_reached',
    status: 502,
  });
});

const odd = [
  { body: 'cat >/dev/null', detail: 'printed no result' },
  {
    body: 'cat >/dev/null; head -c 3000 /dev/urandom; echo; echo "{\\"type\\":"; echo null',
    detail: 'printed no result',
  },
  { body: 'cat >/dev/null; echo "something broke" >&2; exit 3', detail: 'something broke' },
  {
    body: `cat >/dev/null; echo '{"type":"result","is_error":true,"subtype":"success","result":"odd end"}'; exit 0`,
    detail: 'odd end',
  },
] as const;

verifies('agent.ends', 'reports an agent that prints nothing, garbage, or an error with exit 0', async () => {
  const workspace = await createWorkspace();
  for (const { body, detail } of odd) {
    const bin = await writeFakeClaude(workspace, body);
    const server = await startClaudeServer({
      workspace,
      env: {
        CLAUDE_BIN: bin,
        SESSIONS_DIR: join(workspace.root, `data-${odd.findIndex((row) => row.body === body)}`),
      },
    });
    const answer = await server.chat({ message: 'hello' });
    expect(answer).toMatchObject({ code: 'agent_failed', status: 502 });
    expect(answer.detail).toContain(detail);
  }
});

verifies(
  'agent.ends',
  'answers although something that the agent started holds its output open',
  async () => {
    const workspace = await createWorkspace();
    const bin = await writeFakeClaude(workspace, 'cat >/dev/null; (sleep 5) & echo broken >&2; exit 1');
    const server = await startClaudeServer({ workspace, env: { CLAUDE_BIN: bin } });
    expect(await server.chat({ message: 'hello' })).toMatchObject({ code: 'agent_failed', detail: 'broken' });
  },
);

verifies('agent.one-writer', 'does not resume a session that another program has open', async () => {
  const server = await startClaudeServer();
  const { session_id } = await server.chat({ message: 'hello' });
  const folder = join(server.workspace.home, '.claude', 'sessions');
  const start = await processStart(process.pid);
  const file = join(folder, `${process.pid}.json`);
  await writeFile(file, JSON.stringify({ pid: process.pid, sessionId: session_id, procStart: start }));
  expect(await server.chat({ message: 'again' })).toMatchObject({ code: 'session_busy', status: 409 });
  await writeFile(file, JSON.stringify({ pid: process.pid, sessionId: session_id, procStart: '1' }));
  expect(await server.chat({ message: 'again' })).toMatchObject({ response: 'Echo: again' });
});
