import { appendFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Session } from '../../contract/session.ts';
import { openBare, runBare } from '../helper/plain-claude.ts';
import { startClaudeServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'session.continue',
  'finds a session that was started elsewhere, reads it, and continues it in its folder',
  async () => {
    const server = await startClaudeServer();
    const project = join(server.workspace.root, 'a.b c');
    await mkdir(project);
    const elsewhere = { ...server, workspace: { ...server.workspace, project } };
    await runBare(elsewhere, ['-p'], 'where the marmalade is kept');
    const find = async () => (await server.get('/api/hosts/local/sessions')).sessions as Session[];
    const [found] = await until('the session', async () => {
      const rows = await find();
      return rows[0]?.last_message ? rows : undefined;
    });
    expect(found).toMatchObject({
      project,
      state: 'ended',
      kind: 'headless',
      turns: 1,
      first_message: 'where the marmalade is kept',
      conv_id: null,
      problem: null,
    });
    const id = String(found?.id);
    const hits = await until('the words', async () => {
      const answer = await server.get('/api/search?q=marmalade&role=user');
      return answer.hits.length && answer.hits;
    });
    expect(hits).toMatchObject([{ session_id: id, role: 'user', project }]);
    expect(await server.get(`/api/hosts/local/sessions/${id.slice(0, 8)}/diagnose`)).toMatchObject({
      reason: 'answered',
      state: 'ended',
      interrupted: false,
    });
    expect((await server.post('/api/conversations', { id: 'taken', session_id: id })).status).toBe(201);
    const answer = await server.chat({ conv_id: 'taken', message: '[[tool:Bash pwd]][[text went on]]' });
    expect(answer).toMatchObject({ session_id: id, response: expect.stringContaining('went on') });
    const { messages } = await server.messages('taken');
    expect(messages.map((message: { text: string }) => message.text).join()).toContain('marmalade');
    expect(JSON.stringify(messages)).toContain(project);
    await until('what it did', async () => (await find())[0]?.turns === 2);
    expect((await find())[0]).toMatchObject({ id, conv_id: 'taken', project });
    // While somebody has it open it is live, and is not continued beside that.
    const desk = await openBare(elsewhere, [
      '-p',
      '--input-format',
      'stream-json',
      '--output-format',
      'stream-json',
      '--verbose',
      '--resume',
      id,
    ]);
    await server.post('/api/conversations/taken/reset', {});
    const live = await until('the desk', async () =>
      (await find()).find((row) => row.id === id && row.pid !== null),
    );
    expect(['idle', 'running']).toContain(live.state);
    expect(await server.get(`/api/hosts/local/sessions/${id}/diagnose`)).toMatchObject({ reason: 'live' });
    // What it is in the middle of looks like damage: only a look is taken.
    const mend = (dry_run: boolean) => server.post(`/api/hosts/local/sessions/${id}/repair`, { dry_run });
    expect((await mend(true)).status).toBe(200);
    expect((await (await mend(false)).json()).code).toBe('session_busy');
    const beside = await server.chat({ conv_id: 'beside', session_id: id, message: 'beside it' });
    expect([beside.status, beside.code]).toEqual([409, 'session_busy']);
    for (const way of [/\/send/, /copy/, /close it there/]) expect(beside.hint).toMatch(way);
    await desk.end();
    await until('its end', async () => (await find())[0]?.state === 'ended');
  },
);

verifies('session.search', 'finds what a sub-agent of the real CLI said and did', async () => {
  const server = await startClaudeServer();
  const { session_id } = await server.chat({
    conv_id: 'a',
    message:
      '[[agent general-purpose {{tool:Bash echo quinces}}{{text gooseberries are ripe}}]][[text done]]',
  });
  const [hit] = await until('what it said', async () => {
    const { hits } = await server.get('/api/search?q=gooseberries&role=assistant');
    return hits.length ? hits : null;
  });
  expect(hit).toMatchObject({
    session_id,
    conv_id: 'a',
    project: server.workspace.project,
    agent_id: expect.any(String),
  });
  expect((await server.get('/api/hosts/local/sessions')).sessions).toHaveLength(1);
});

verifies(
  'session.continue',
  'knows a project by its real folder, by whatever link one came to it',
  async () => {
    const server = await startClaudeServer();
    const real = join(server.workspace.root, 'real.folder');
    const link = join(server.workspace.root, 'link');
    await mkdir(real);
    await symlink(real, link);
    await runBare({ ...server, workspace: { ...server.workspace, project: link } }, ['-p'], 'by the link');
    const [found] = await until('the session', async () => {
      const { sessions } = await server.get('/api/hosts/local/sessions');
      return sessions[0]?.last_message && (sessions as Session[]);
    });
    expect(found).toMatchObject({ project: real, first_message: 'by the link' });
    // Either name continues the same session.
    for (const [conv_id, project] of [
      ['a', link],
      ['b', real],
    ]) {
      expect(
        (await server.post('/api/conversations', { id: conv_id, session_id: found?.id, project })).status,
      ).toBe(201);
      expect(await server.chat({ conv_id, message: 'on' })).toMatchObject({
        session_id: found?.id,
        response: 'Echo: on',
      });
    }
  },
);

verifies('session.typed', 'finds prompts that were typed in a terminal, newest first', async () => {
  const server = await startClaudeServer();
  expect(await server.get('/api/history')).toEqual({ prompts: [] });
  const path = join(server.workspace.home, '.claude', 'history.jsonl');
  await mkdir(join(server.workspace.home, '.claude'), { recursive: true });
  const line = (display: string, project: string, timestamp: number) =>
    `${JSON.stringify({ display, pastedContents: {}, timestamp, project, sessionId: 's' })}\n`;
  await writeFile(
    path,
    `${line('first', '/p/one', 1_700_000_000_000)}no json\n${line('Second', '/p/two', 1_700_000_001_000)}`,
  );
  await appendFile(path, '{"display":"cut');
  expect((await server.get('/api/history')).prompts).toEqual([
    { text: 'Second', project: '/p/two', session_id: 's', at: '2023-11-14T22:13:21.000Z' },
    { text: 'first', project: '/p/one', session_id: 's', at: '2023-11-14T22:13:20.000Z' },
  ]);
  expect((await server.get('/api/history?q=second')).prompts).toHaveLength(1);
  expect((await server.get('/api/history?project=ONE&limit=1')).prompts).toMatchObject([{ text: 'first' }]);
});
