import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createClaude } from '../../server/agent/claude/claude.ts';
import { SessionLeases } from '../../server/session/lease.ts';
import { runBare } from '../helper/plain-claude.ts';
import { packageRoot, startClaudeServer, startTestApi } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, killProcessesOf, processesOf, testEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('live.same', 'has the same history from a live process as from a one-shot run', async () => {
  const server = await startClaudeServer();
  const said = ['[[think Hmm]][[text one]]', '[[tool:Bash git --version]][[text two]]', 'three'];
  for (const message of said) await server.chat({ message, conv_id: 'cold' });
  await server.post('/api/conversations', { id: 'warm' });
  expect(await (await server.post('/api/conversations/warm/warm', {})).json()).toEqual({
    conv_id: 'warm',
    live: true,
  });
  const answers = [];
  for (const message of said) answers.push(await server.chat({ message, conv_id: 'warm' }));
  expect(answers.map(({ response }) => response)).toEqual(['one', 'two', 'Echo: three']);
  const shape = async (id: string) =>
    (await server.messages(id)).messages.map(
      ({ role, parts }: { role: string; parts: { type: string; text?: string }[] }) => [
        role,
        parts.map(({ type, text }) => [type, text]),
      ],
    );
  expect(await shape('warm')).toEqual(await shape('cold'));
  const [cold, warm] = await Promise.all(
    ['cold', 'warm'].map((id) => server.get(`/api/conversations/${id}`)),
  );
  expect(warm.cost_usd).toBeCloseTo(cold.cost_usd, 10);
  expect(warm).toMatchObject({ live: true, turn_count: 3, state: 'idle' });
  expect(cold.live).toBe(false);
});

verifies(
  'live.kept',
  'keeps one process over turns, and closes the one that was used least recently',
  async () => {
    const server = await startClaudeServer({ env: { LIVE_PROCESSES: '2' } });
    const warm = (id: string) => server.post(`/api/conversations/${id}/warm`, {});
    const open = async () => ['a', 'b', 'c'].filter((_, index) => rows[index]?.live);
    let rows: { live: boolean }[] = [];
    for (const id of ['a', 'b', 'c']) {
      await server.post('/api/conversations', { id });
      await warm(id);
    }
    rows = await Promise.all(['a', 'b', 'c'].map((id) => server.get(`/api/conversations/${id}`)));
    expect(await open()).toEqual(['b', 'c']);
    const before = await processesOf(server.workspace);
    await server.chat({ message: 'one', conv_id: 'b' });
    await server.chat({ message: 'two', conv_id: 'b' });
    expect(await processesOf(server.workspace)).toEqual(before);
    expect(await server.get('/api/status')).toMatchObject({ live: { open: 2, limit: 2 } });
  },
);

verifies('live.idle', 'closes an idle process', async () => {
  const server = await startClaudeServer({ env: { LIVE_IDLE_S: '2' } });
  await server.post('/api/conversations', { id: 'a' });
  await server.post('/api/conversations/a/warm', {});
  await server.chat({ message: '[[first 2500ms]][[text late]]', conv_id: 'a' });
  expect((await server.get('/api/conversations/a')).live).toBe(true);
  await until('no process', async () => (await processesOf(server.workspace)).length === 0);
  expect((await server.chat({ message: 'next', conv_id: 'a' })).response).toBe('Echo: next');
});

verifies(
  'live.dead',
  'ends the turn of a process that dies with what it wrote, and starts another for the next',
  async () => {
    const server = await startClaudeServer();
    await server.post('/api/conversations', { id: 'a' });
    await server.post('/api/conversations/a/warm', {});
    const { turn_id } = await server.accept('a', { message: '[[slow 200 20ms]]' });
    await until('words', async () => (await server.turn(turn_id, 0)).text.includes('word3'));
    await killProcessesOf(server.workspace);
    const turn = await server.end(turn_id);
    expect(turn).toMatchObject({ state: 'failed', error: { code: 'agent_killed' } });
    expect(turn.text).toContain('word2');
    expect((await server.get('/api/conversations/a')).live).toBe(false);
    expect((await server.chat({ message: 'next', conv_id: 'a' })).response).toBe('Echo: next');
  },
);

verifies(
  'live.settings',
  'changes mode, model and effort without a new session, and refuses nonsense',
  async () => {
    const server = await startClaudeServer();
    const first = await server.chat({ message: 'one', conv_id: 'a' });
    await server.post('/api/conversations/a/warm', {});
    const [pid] = await processesOf(server.workspace);
    for (const body of [{ permission_mode: 'bogus' }, { effort: 'enormous' }, { model: '--x' }]) {
      expect((await server.patch('/api/conversations/a', body)).status).toBe(400);
    }
    expect(
      (
        await server.patch('/api/conversations/a', {
          permission_mode: 'plan',
          model: 'sonnet',
          effort: 'low',
        })
      ).status,
    ).toBe(200);
    const second = await server.chat({ message: 'two', conv_id: 'a' });
    expect(second.session_id).toBe(first.session_id);
    expect(await processesOf(server.workspace)).toEqual([pid]);
    const request = server.api.received.findLast(({ texts }) => texts.includes('two'));
    expect(request?.body.model).toContain('sonnet');
    expect(JSON.stringify(request?.body)).toContain('Plan mode is active');
    expect(JSON.stringify(request?.body)).toContain('"effort":"low"');
  },
);

verifies('live.cancel', 'stops a turn and its tools, keeps the process and what was written', async () => {
  const server = await startClaudeServer({ env: { ALLOWED_TOOLS: 'Bash' } });
  await server.post('/api/conversations', { id: 'a' });
  await server.post('/api/conversations/a/warm', {});
  const before = await processesOf(server.workspace);
  const { turn_id } = await server.accept('a', {
    message:
      '[[text begun]][[tool:Bash {"command":"touch started; while true; do read -t 1 x < <(:) ; done"}]]',
  });
  const queued = await server.accept('a', { message: 'waits' });
  await until('the tool', () => existsSync(join(server.workspace.project, 'started')));
  expect(await server.cancel(turn_id)).toMatchObject({
    state: 'cancelled',
    text: 'begun',
    error: { code: 'turn_cancelled' },
  });
  expect((await server.end(queued.turn_id)).result?.response).toBe('Echo: waits');
  expect(await processesOf(server.workspace)).toEqual(before);
  expect(JSON.stringify(await server.messages('a'))).toContain('begun');
});

verifies('live.foreign', 'restarts if somebody continued the session in a terminal', async () => {
  const server = await startClaudeServer();
  const { session_id } = await server.chat({ message: 'begin', conv_id: 'a' });
  await server.post('/api/conversations/a/warm', {});
  await server.chat({ message: 'warm', conv_id: 'a' });
  const [pid] = await processesOf(server.workspace);
  await runBare(server, ['-p', '--resume', session_id, '--output-format', 'json'], 'said at the desk');
  await server.chat({ message: 'after', conv_id: 'a' });
  expect(await processesOf(server.workspace)).not.toContain(pid);
  const request = server.api.received.findLast(({ texts }) => texts.includes('after'));
  expect(JSON.stringify(request?.body)).toContain('said at the desk');
});

verifies(
  ['live.kept', 'command.clear'],
  'follows /clear to the new session in the same process',
  async () => {
    const server = await startClaudeServer();
    const first = await server.chat({ message: 'one', conv_id: 'a' });
    await server.post('/api/conversations/a/warm', {});
    const before = await processesOf(server.workspace);
    const cleared = await server.chat({ message: '/clear', conv_id: 'a' });
    expect(cleared.session_id).not.toBe(first.session_id);
    const next = await server.chat({ message: 'two', conv_id: 'a' });
    expect(next).toMatchObject({ response: 'Echo: two', session_id: cleared.session_id });
    expect(await processesOf(server.workspace)).toEqual(before);
    expect(JSON.stringify(server.api.received.at(-1)?.body)).not.toContain('Echo: one');
  },
);

verifies('live.kept', 'carries our own id of a message into the transcript', async () => {
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const agent = createClaude({
    ...{ bin: '', packageRoot, stallMs: 60_000, now: () => new Date() },
    env: testEnv(workspace, { ANTHROPIC_BASE_URL: api.url }),
    notes: { record: () => {}, remove: () => {} },
    leases: new SessionLeases(),
    live: { limit: 1, idleMs: 60_000 },
  });
  const [sessionId, messageId] = [randomUUID(), randomUUID()];
  const launch = {
    project: workspace.project,
    sessionId,
    permissionMode: 'default',
    allowedTools: '',
    model: null,
    effort: null,
    extraArgs: [],
  };
  const message = {
    turnId: 't',
    messageId,
    message: 'mine',
    literal: false,
    attachments: [],
    follow: true,
    budget: null,
    jsonSchema: null,
  };
  const run = await agent.run({ ...launch, ...message }, () => {});
  expect(await run.end).toMatchObject({ kind: 'answer', response: 'Echo: mine' });
  const { messages } = await agent.transcripts.readPage(sessionId, workspace.project, { limit: 10 });
  expect(messages[0]).toMatchObject({ id: messageId, text: 'mine' });
  await agent.dispose();
  expect(await processesOf(workspace)).toEqual([]);
});
