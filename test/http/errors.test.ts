import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import supertest from 'supertest';
import { expect } from 'vitest';
import { type ErrorCode, errorTable } from '../../contract/error.ts';
import { createApp } from '../../server/app.ts';
import { AppError } from '../../server/app-error.ts';
import { createGuard } from '../../server/http/middleware/guard.ts';
import { createOpenResponses } from '../../server/http/open-responses.ts';
import { basic } from '../helper/client.ts';
import { writeFakeClaude } from '../helper/fake-claude.ts';
import { startClaudeServer, startTestServer, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { createWorkspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

/** Answers with what the message asks for: an ending of the CLI by its own words. */
const actor = `message=$(cat)
say() { echo "{\\"type\\":\\"result\\",\\"is_error\\":true,\\"subtype\\":\\"$1\\",\\"result\\":\\"$2\\"}"; }
case "$message" in
  overloaded) say success "API Error: Repeated 529 Overloaded errors" ;;
  limited) say success "API Error: Request rejected (429)" ;;
  nomodel) say success "There's an issue with the selected model (x)" ;;
  offline) say success "API Error: Unable to connect to API (ConnectionRefused)" ;;
  login) say success "Not logged in · Please run /login" ;;
  long) say success "Prompt is too long" ;;
  limit) say error_max_turns "" ;;
  broken) echo oops >&2; exit 1 ;;
  killed) kill -9 $$ ;;
  gone) echo "No conversation found with session ID: x" >&2; exit 1 ;;
  busy) echo "Error: Session ID x is already in use." >&2; exit 1 ;;
  wait*) exec sleep 60 ;;
  *) echo '{"type":"result","subtype":"success","result":"ok","session_id":"11111111-1111-4111-8111-111111111111"}' ;;
esac`;

type Provoke = (server: TestServer) => Promise<Response>;
const send =
  (message: string): Provoke =>
  (server) =>
    server.post('/api/chat', { message, conv_id: `c-${message}` });
const uuid = '22222222-2222-4222-8222-222222222222';

/** How to make the server answer with each row of the table. Rows of other tests: see `elsewhere`. */
const provoke: Partial<Record<ErrorCode, Provoke>> = {
  invalid_request: (server) => server.post('/api/chat', { message: 7 }),
  invalid_json: (server) =>
    server.send('/api/chat', {
      method: 'POST',
      body: '{"message":',
      headers: { 'content-type': 'application/json' },
    }),
  not_signed_in: (server) => fetch(`${server.url}/api/status`),
  wrong_credentials: (server) =>
    fetch(`${server.url}/api/status`, { headers: { authorization: 'Bearer nothing' } }),
  origin_not_allowed: (server) =>
    server.post('/api/chat', { message: 'x' }, { origin: 'https://evil.example' }),
  project_not_allowed: (server) => server.post('/api/chat', { message: 'x', project: '/etc' }),
  project_not_found: (server) =>
    server.post('/api/chat', { message: 'x', project: join(server.workspace.root, 'nowhere') }),
  project_mismatch: async (server) => {
    await mkdir(join(server.workspace.root, 'elsewhere'));
    await server.chat({ message: 'fine', conv_id: 'moved' });
    return server.patch('/api/conversations/moved', { project: join(server.workspace.root, 'elsewhere') });
  },
  route_not_found: (server) => server.send('/api/nothing'),
  method_not_allowed: (server) => server.remove('/api/chat'),
  conversation_not_found: (server) => server.send('/api/conversations/nobody'),
  turn_not_found: (server) => server.send('/api/turns/none'),
  session_not_found: (server) =>
    server.post('/api/chat', { message: 'x', conv_id: 'other', session_id: uuid }),
  record_not_found: (server) => server.send('/api/archive/none'),
  host_not_found: (server) => server.send('/api/hosts/nowhere/sessions'),
  session_ambiguous: async (server) => {
    const folder = join(server.workspace.home, '.claude', 'projects', '-p');
    await mkdir(folder, { recursive: true });
    for (const end of [1, 2])
      await writeFile(join(folder, `aaaaaaaa-0000-4000-8000-00000000000${end}.jsonl`), '{}\n');
    const lookUp = () => server.send('/api/hosts/local/sessions/aaaaaaaa');
    // The index notices new files a moment later.
    return until('both sessions', async () => {
      const response = await lookUp();
      return response.status === 404 ? null : response;
    });
  },
  credential_not_found: (server) => server.remove('/api/credentials/none'),
  pairing_not_found: (server) => server.post('/api/pair', { code: 'none' }),
  device_not_found: (server) => server.remove('/api/push/devices/none'),
  action_not_found: (server) => server.post('/api/push/actions/none', {}),
  address_not_allowed: (server) =>
    server.post('/api/push/devices', { kind: 'webhook', url: 'http://127.0.0.1:1/x' }),
  prompt_not_found: (server) => server.post('/api/prompts/none', { decision: 'allow' }),
  rule_not_found: (server) => server.remove('/api/rules/none'),
  task_not_found: async (server) => {
    await server.post('/api/conversations', { id: 'tasks' });
    return server.post('/api/conversations/tasks/background/none/stop', {});
  },
  nothing_to_fork: async (server) => {
    await server.post('/api/conversations', { id: 'empty' });
    return server.post('/api/conversations/empty/fork', {});
  },
  turn_not_queued: async (server) => {
    const { turn_id } = await server.chat({ message: 'fine', conv_id: 'queue' });
    return server.send(`/api/turns/${turn_id}/promote`, { method: 'POST' });
  },
  attachment_refused: (server) =>
    server.post('/api/chat', {
      message: 'x',
      attachments: [{ name: 'a.png', media_type: 'image/png', data: 'AAAA' }],
    }),
  attachment_too_large: (server) => {
    const attachments = Array.from({ length: 21 }, (_, n) => ({ name: `${n}.txt`, data: 'YQ==' }));
    return server.post('/api/chat', { message: 'x', attachments });
  },
  conversation_exists: async (server) => {
    await server.post('/api/conversations', { id: 'twice' });
    return server.post('/api/conversations', { id: 'twice' });
  },
  conversation_busy: async (server) => {
    const { turn_id } = await server.accept('busy', { message: 'wait for busy' });
    const response = await server.remove('/api/conversations/busy');
    await server.cancel(turn_id);
    return response;
  },
  session_busy: send('busy'),
  turn_cancelled: async (server) => {
    const response = server.post('/api/chat', { message: 'wait to be stopped', conv_id: 'stopped' });
    for (;;) {
      const { turn } = await server.get('/api/conversations/stopped');
      if (turn) await server.cancel(turn.turn_id);
      if (turn) return response;
    }
  },
  message_too_large: (server) => server.post('/api/chat', { message: 'x'.repeat(10_000_001) }),
  prompt_too_long: send('long'),
  unsupported_media_type: (server) =>
    server.send('/api/chat', {
      method: 'POST',
      body: 'message=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
  command_refused: (server) => server.post('/api/chat', { message: '/heapdump' }),
  idempotency_mismatch: async (server) => {
    await server.chat({ message: 'one' }, { 'idempotency-key': 'same' });
    return server.post('/api/chat', { message: 'two' }, { 'idempotency-key': 'same' });
  },
  agent_failed: send('broken'),
  agent_killed: send('killed'),
  agent_limit_reached: send('limit'),
  model_overloaded: send('overloaded'),
  model_rate_limited: send('limited'),
  model_unavailable: send('nomodel'),
  model_unreachable: send('offline'),
  not_logged_in: send('login'),
  turn_timed_out: (server) =>
    server.post('/api/chat', { message: 'wait in vain', timeout_s: 0.2, conv_id: 'late' }),
};

/** Rows that need a separate server, with the test file that provokes each. */
const elsewhere: Partial<Record<ErrorCode, string>> = {
  file_unavailable: 'unit/server/util/file-error',
  transcript_unreadable: 'packaged/home',
  host_not_allowed: 'http/guard',
  too_many_logins: 'http/access',
  queue_full: 'http/turn',
  prompt_answered: 'http/prompt',
  prompt_changed: 'http/prompt',
  prompt_withdrawn: 'http/prompt',
  budget_reached: 'http/budget',
  background_busy: 'integration/live-background',
  tmux_not_found: 'integration/terminal',
  terminal_not_ours: 'integration/terminal',
  terminal_waits: 'integration/terminal',
  terminal_failed: 'integration/terminal',
  nothing_to_undo: 'http/undo',
  files_changed: 'http/undo',
  undo_incomplete: 'unit/server/undo/undo',
  agent_stalled: 'integration/stall',
  attachment_lost: 'packaged/data-folder',
  internal: 'below',
  agent_not_found: 'integration/agent-failures',
  turn_interrupted: 'packaged/crash',
  storage_unavailable: 'packaged/disk',
  shutting_down: 'packaged/stop',
  accepted_shutting_down: 'packaged/stop',
  machine_exhausted: 'packaged/machine',
};

verifies('errors.table', 'provokes every row of the table', async () => {
  expect(Object.keys(errorTable).filter((code) => !(code in provoke) && !(code in elsewhere))).toEqual([]);
  const workspace = await createWorkspace();
  const server = await startClaudeServer({
    workspace,
    env: { CLAUDE_BIN: await writeFakeClaude(workspace, actor) },
  });
  for (const [code, call] of Object.entries(provoke) as [ErrorCode, Provoke][]) {
    const response = await call(server);
    const row = errorTable[code];
    const problem = await response.json();
    expect({ code: problem.code, status: response.status }, `${code}: ${JSON.stringify(problem)}`).toEqual({
      code,
      status: row.status,
    });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(problem).toMatchObject({
      type: `urn:switchboard:error:${code}`,
      title: row.title,
      status: row.status,
      hint: row.hint,
      success: false,
    });
    expect(problem.error).toBe(problem.detail);
    expect(problem.request_id).toBe(response.headers.get('x-request-id'));
  }
});

verifies('errors.table', 'reports an internal error without its details', async () => {
  const faults: unknown[] = [];
  const unused = {} as never;
  const app = createApp({
    ...{
      journal: unused,
      conversations: unused,
      agent: unused,
      archive: unused,
      terminalPrompts: unused,
      prompts: unused,
      metrics: unused,
      pairings: unused,
      projects: unused,
      pushes: unused,
      hosts: new Map(),
      undo: null as never,
      localAccess: { isOurs: () => false },
      page: { build: () => null, policy: () => null, html: async () => '', worker: () => '' },
      checkAnswers: false,
      pageFolder: '/nowhere',
      host: '127.0.0.1',
      username: 'u',
    },
    ...{
      version: '0',
      instance: 'i',
      startedAt: new Date(),
      project: '/',
      limits: { maxConcurrentTurns: 1, maxQueuedTurns: 1, timeoutS: 1 },
    },
    credentials: unused,
    tunnel: unused,
    client: { isTunnelled: () => false, addressOf: () => 'x' },
    checkPassword: async () => {},
    guard: createGuard({ names: () => [] }),
    openResponses: createOpenResponses(),
    tickets: unused,
    storageTrouble: () => {
      throw new Error('secret words');
    },
    storageNotes: () => [],
    newRequestId: () => 'id-1',
    onFault: (error) => faults.push(error),
  });
  const response = await supertest(app).get('/api/status').set('authorization', basic);
  expect(response.status).toBe(500);
  const { text } = response;
  expect(JSON.parse(text)).toMatchObject({ code: 'internal', request_id: 'id-1' });
  expect(text).not.toContain('secret words');
  expect(faults).toHaveLength(1);
  expect(faults[0]).not.toBeInstanceOf(AppError);
});

const bad: [path: string, init: RequestInit & { json?: unknown }, field: string][] = [
  ['/api/chat', { json: {} }, 'message'],
  ['/api/chat', { json: { message: '   ' } }, 'message'],
  ['/api/chat', { json: { message: 'x', conv_id: '..' } }, 'conv_id'],
  ['/api/chat', { json: { message: 'x', conv_id: 'a/b' } }, 'conv_id'],
  ['/api/chat', { json: { message: 'x', conv_id: 'x'.repeat(65) } }, 'conv_id'],
  ['/api/chat', { json: { message: 'x', session_id: 'not-a-uuid' } }, 'session_id'],
  ['/api/chat', { json: { message: 'x', timeout_s: -1 } }, 'timeout_s'],
  ['/api/chat', { json: { message: 'x', model: '--dangerously-skip-permissions' } }, 'model'],
  ['/api/chat', { json: { message: 'x', permission_mode: 'everything' } }, 'permission_mode'],
  ['/api/conversations', { json: { id: 'a', title: '' } }, 'title'],
  ['/api/conversations/a/turns', { json: { message: ['x'] } }, 'message'],
  ['/api/tokens', { json: {} }, 'label'],
];

verifies('errors.table', 'names the field that is wrong', async () => {
  const server = await startTestServer();
  for (const [path, { json }, field] of bad) {
    const response = await server.post(path, json);
    expect(response.status, `${path} ${JSON.stringify(json)}`).toBe(400);
    expect(await response.json()).toMatchObject({
      code: 'invalid_request',
      field,
      detail: expect.stringContaining(field),
    });
  }
  for (const path of [
    '/api/conversations?limit=x',
    '/api/events?after=-1',
    '/api/turns/x?wait_s=no',
    '/api/conversations/a%20b/messages',
  ]) {
    expect((await server.send(path)).status, path).toBe(400);
  }
  expect((await server.send('/api/conversations/%zz')).status).toBe(400);
  const key = await server.post('/api/chat', { message: 'x' }, { 'idempotency-key': 'has blank' });
  expect(await key.json()).toMatchObject({ field: 'Idempotency-Key' });
  await server.post('/api/conversations', { id: 'a' });
  expect(await server.get('/api/conversations/a/messages?before=x')).toMatchObject({ messages: [] });
  await server.chat({ message: 'x', conv_id: 'a' });
  expect(await server.get('/api/conversations/a/messages?before=x')).toMatchObject({ field: 'before' });
});

verifies('agent.located', 'says which file cannot be started', async () => {
  const workspace = await createWorkspace();
  const path = join(workspace.root, 'no-program');
  await writeFile(path, 'just words');
  await chmod(path, 0o755);
  const server = await startClaudeServer({ workspace, env: { CLAUDE_BIN: path } });
  const answer = await server.chat({ message: 'x' });
  expect(answer.code).toMatch(/^agent_/);
});

verifies('errors.table', 'is sorted by status, then code', () => {
  const rows = Object.entries(errorTable).map(([code, { status }]) => `${status} ${code}`);
  expect(rows).toEqual(rows.toSorted());
});
