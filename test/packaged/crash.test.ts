import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readEventStream } from '../helper/event-reader.ts';
import { writeFakeClaude } from '../helper/fake-claude.ts';
import { startTestApi } from '../helper/server.ts';
import { startServerProcess } from '../helper/server-process.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, processesOf, serverEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';
import { killAtRandom } from './kill-at-random.ts';

/** `npm run soak` asks for 1,000. */
const kills = Number(process.env['SOAK_KILLS'] ?? 50);

verifies(
  'crash.interrupted',
  'shows what a turn had produced when the server was killed, and ends its processes',
  async () => {
    const workspace = await createWorkspace();
    const api = await startTestApi();
    const env = serverEnv(workspace, api, { ALLOWED_TOOLS: 'Bash', PERMISSION_MODE: 'dontAsk' });
    const first = await startServerProcess(workspace, env);
    const tool =
      '{"command":"touch started; exec node -e \\"setTimeout(Number, 300000)\\"","description":"wait"}';
    const { turn_id } = await first.accept('a', {
      message: `[[text Looking at it.]][[tool:Bash ${tool}]][[text never]]`,
    });
    const queued = await first.accept('a', { message: 'queued before the crash' });
    await until('the tool', () => existsSync(join(workspace.project, 'started')));
    await first.kill();
    expect((await processesOf(workspace)).length).toBeGreaterThan(0);
    const second = await startServerProcess(workspace, env);
    const next = await second.turn(queued.turn_id);
    expect(next).toMatchObject({ state: 'completed', result: { response: 'Echo: queued before the crash' } });
    const turn = await second.turn(turn_id);
    expect(turn).toMatchObject({ state: 'interrupted', error: { code: 'turn_interrupted', status: 502 } });
    expect(turn.text).toContain('Looking at it.');
    expect(next.started_at && turn.ended_at && next.started_at >= turn.ended_at).toBe(true);
    await until('the tool to be ended', async () =>
      (await processesOf(workspace)).every((pid) => pid === second.child.pid),
    );
    expect(
      api.received.filter(({ texts }) => texts.some((text) => text.includes('Looking at it'))).length,
    ).toBeLessThanOrEqual(2);
    const { messages } = await second.messages('a');
    expect(JSON.stringify(messages)).toContain('queued before the crash');
  },
);

verifies(
  'crash.interrupted',
  'ends the background shell of a turn that had ended before the crash',
  async () => {
    const workspace = await createWorkspace();
    const api = await startTestApi();
    const env = serverEnv(workspace, api, { ALLOWED_TOOLS: 'Bash', PERMISSION_MODE: 'dontAsk' });
    const first = await startServerProcess(workspace, env);
    const shell =
      '{"command":"touch started; node -e \\"setTimeout(Number, 300000)\\"","run_in_background":true,"description":"wait"}';
    const stream = await first.post('/api/chat', {
      message: `[[tool:Bash ${shell}]][[text Started it]]`,
      conv_id: 'a',
      stream: true,
    });
    expect(await stream.text()).toContain('Started it');
    await until('the shell', () => existsSync(join(workspace.project, 'started')));
    await first.kill();
    expect((await processesOf(workspace)).length).toBeGreaterThan(0);
    const second = await startServerProcess(workspace, env);
    expect(await second.chat({ message: 'next', conv_id: 'a' })).toMatchObject({ response: 'Echo: next' });
    await until('the shell to be ended', async () =>
      (await processesOf(workspace)).every((pid) => pid === second.child.pid),
    );
  },
);

verifies(
  ['prompt.restart', 'archive.reason'],
  'closes prompts that were open when the server was killed, and says so',
  async () => {
    const workspace = await createWorkspace();
    const api = await startTestApi();
    const env = serverEnv(workspace, api, { ALLOWED_TOOLS: 'Bash(node *)' });
    const first = await startServerProcess(workspace, env);
    const { turn_id } = await first.accept('a', {
      message: '[[text Before.]][[tool:Bash touch x]][[text never]]',
      permission_mode: 'default',
    });
    const [prompt] = await first.prompts();
    // A live process that is idle, except for a shell in the background.
    await first.post('/api/conversations', { id: 'b' });
    await first.post('/api/conversations/b/warm', {});
    const shell =
      '{"command":"node -e \\"setTimeout(Number, 300000)\\"","run_in_background":true,"description":"wait"}';
    await first.chat({ message: `[[tool:Bash ${shell}]][[text Started it]]`, conv_id: 'b' });
    await first.kill();
    const second = await startServerProcess(workspace, env);
    const turn = await second.turn(turn_id);
    // The CLI reads the end of the server as a refusal, and may have said more until it was ended.
    expect(turn).toMatchObject({ state: 'interrupted', prompts: [] });
    expect(turn.text).toMatch(/^Before\./);
    expect(turn.error?.detail).toContain('permission (Bash)');
    expect(await second.get('/api/prompts')).toEqual({ prompts: [] });
    const late = await second.answer(prompt?.id as string, { decision: 'allow' });
    expect([late.status, (await late.json()).code]).toEqual([410, 'prompt_withdrawn']);
    const { events } = await second.get('/api/conversations/a/events?after=0&wait_s=0');
    expect(events.findLast(({ type }: { type: string }) => type === 'prompt.closed')).toMatchObject({
      outcome: 'restarted',
    });
    await until('the processes to be ended', async () =>
      (await processesOf(workspace)).every((pid) => pid === second.child.pid),
    );
    const ended = await until('their records', async () => {
      const { records } = await second.get('/api/archive?ended=true');
      return records.length === 2 && records;
    });
    expect(ended).toMatchObject([
      { name: 'b', reason: 'abrupt', last_words: 'Started it' },
      { name: 'a', reason: 'abrupt', last_tool: 'Bash' },
    ]);
    expect((await second.chat({ message: 'next', conv_id: 'a' })).response).toBe('Echo: next');
  },
);

verifies('crash.once', 'knows after a crash which session and folder a conversation has', async () => {
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const env = serverEnv(workspace, api);
  const first = await startServerProcess(workspace, env);
  const begun = await first.chat({ message: 'one', conv_id: 'a' });
  const cleared = await first.chat({ message: '/clear', conv_id: 'a' });
  await first.kill();
  const second = await startServerProcess(workspace, env);
  expect(await second.get('/api/conversations/a')).toMatchObject({
    session_id: cleared.session_id,
    turn_count: 2,
  });
  const holding = await second.accept('b', { message: '[[hang]]' });
  await api.waitFor('[[hang]]');
  const body = { message: 'go on there', conv_id: 'new', session_id: begun.session_id, stream: true };
  const stream = await second.post('/api/chat', body, { 'idempotency-key': 'once' });
  for await (const event of readEventStream(stream)) if (event.type === 'turn.queued') break;
  await second.kill();
  const third = await startServerProcess(workspace, env);
  expect(
    await third
      .chat({ ...body, stream: false }, { 'idempotency-key': 'once' })
      .then((answer) => answer.session_id ?? answer.code),
  ).toMatch(new RegExp(`^(${begun.session_id}|turn_interrupted)$`));
  expect(await third.get('/api/conversations/new')).toMatchObject({ session_id: begun.session_id });
  expect(await third.turn(holding.turn_id)).toMatchObject({ state: 'interrupted' });
});

verifies('crash.interrupted', 'keeps what waits in reach while leftovers are being ended', async () => {
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const stubborn = await writeFakeClaude(
    workspace,
    'trap "" INT TERM; cat >/dev/null; touch "$TMPDIR/up"; while true; do read -t 1 x < <(:); done',
  );
  const env = serverEnv(workspace, api, { CLAUDE_BIN: stubborn });
  const first = await startServerProcess(workspace, env);
  const running = await first.accept('a', { message: 'goes on' });
  const queued = await first.accept('a', { message: 'waits' });
  await until('the agent', () => existsSync(join(workspace.root, 'up')));
  await first.kill();
  const second = await startServerProcess(workspace, env);
  expect(await second.get('/api/conversations/a')).toMatchObject({ state: 'running', queued: 1 });
  expect((await second.remove('/api/conversations/a')).status).toBe(409);
  expect(await second.cancel(queued.turn_id)).toMatchObject({ state: 'cancelled' });
  expect(await second.turn(running.turn_id)).toMatchObject({ state: 'interrupted' });
});

verifies(
  'crash.once',
  'runs each accepted message at most once however often the server is killed, and loses none',
  async () => {
    const report = await killAtRandom({ kills, seed: kills });
    expect(report.lost).toEqual([]);
    expect(report.twice).toEqual([]);
    expect(report.wrong).toEqual([]);
    expect(report.accepted).toBeGreaterThan(kills);
    expect(report.completed).toBeGreaterThan(0);
  },
  kills * 10_000,
);

verifies(
  'undo.refused',
  'undoes no change made after a turn that was interrupted by the end of its server',
  async () => {
    const workspace = await createWorkspace();
    const api = await startTestApi();
    const env = serverEnv(workspace, api, { ALLOWED_TOOLS: 'Bash' });
    expect(spawnSync('git', ['init', '-q'], { cwd: workspace.project, env }).status).toBe(0);
    const first = await startServerProcess(workspace, env);
    const { turn_id } = await first.accept('a', {
      message: '[[tool:Bash touch made made-too]][[slow 300 100ms]]',
    });
    await until('its file', () => existsSync(join(workspace.project, 'made-too')));
    await first.kill();
    const second = await startServerProcess(workspace, env);
    expect((await second.end(turn_id)).state).toBe('interrupted');
    await writeFile(join(workspace.project, 'made'), 'by hand, later');
    const refused = await second.post(`/api/turns/${turn_id}/undo`, {});
    expect([refused.status, (await refused.json()).code]).toEqual([409, 'files_changed']);
    expect((await second.post(`/api/turns/${turn_id}/undo`, { files: ['made-too'] })).status).toBe(200);
    expect([
      existsSync(join(workspace.project, 'made')),
      existsSync(join(workspace.project, 'made-too')),
    ]).toEqual([true, false]);
    expect(
      (await second.post(`/api/turns/${turn_id}/undo`, { files: ['made-too'], redo: true })).status,
    ).toBe(200);
    expect(existsSync(join(workspace.project, 'made-too'))).toBe(true);
  },
);
